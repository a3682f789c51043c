// DX = 1 / √(Variance + EPSILON) · (D − mean of D − (X − Mean) / (Variance + EPSILON) · mean of D · (X − Mean)) with D = Gamma · DY and the means
// over each group of each example. The difference of an infinite variance from itself is no number.
// Blocks: as in group_norm.cuh.
// Macros: those of group_norm.cuh.
// Sums: as in group_norm.cuh.
#include "group_norm.cuh"

extern "C" __global__ void group_norm_dgrad(const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ variance,
                                            const float* __restrict__ gamma, const float* __restrict__ dy, float* __restrict__ dx)
{
    if (group() >= unsigned(N) * G)
        return;
    const float center = mean[group()], squares = variance[group()], spread = sqrtf(squares + EPSILON);
    auto d = [&](size_t i, unsigned c) {
        Values values = load<WIDTH>(dy + i);
        const Values factors = load_channels(gamma, c, 1);
        for (int j = 0; j < WIDTH; j++)
            values.at[j] *= factors.at[j];
        return values;
    };
    const float shift = group_mean(d);
    const float product = group_mean([&](size_t i, unsigned c) {
        const Values places = load<WIDTH>(x + i);
        Values values = d(i, c);
        for (int j = 0; j < WIDTH; j++)
            values.at[j] *= places.at[j] - center;
        return values;
    });
    const float slope = product / spread / spread, scale = 1.0f / spread + (squares - squares);
    each_vector([&](size_t i, unsigned c) {
        const Values places = load<WIDTH>(x + i);
        Values values = d(i, c);
        for (int j = 0; j < WIDTH; j++)
            values.at[j] = (values.at[j] - shift - (places.at[j] - center) * slope) * scale;
        store(dx + i, values);
    });
}
