// Y = Gamma · (X − Mean) / √(Variance + EPSILON) + Beta with the mean and variance of each group of each example; no Gamma is 1, no Beta 0. The
// difference of an infinite variance from itself is no number.
// Blocks: as in group_norm.cuh.
// Macros: those of group_norm.cuh.
// Sums: as in group_norm.cuh.
#include "group_norm.cuh"

extern "C" __global__ void group_norm_fprop(const float* __restrict__ x, const float* __restrict__ gamma, const float* __restrict__ beta,
                                            float* __restrict__ mean, float* __restrict__ variance, float* __restrict__ y)
{
    if (group() >= unsigned(N) * G)
        return;
    const float center = group_mean([&](size_t i, unsigned) { return load<WIDTH>(x + i); });
    const float squares = group_mean([&](size_t i, unsigned) {
        Values values = load<WIDTH>(x + i);
        for (int j = 0; j < WIDTH; j++)
            values.at[j] = (values.at[j] - center) * (values.at[j] - center);
        return values;
    });
    if (mean && threadIdx.x == 0)
        mean[group()] = center;
    if (variance && threadIdx.x == 0)
        variance[group()] = squares;
    const float scale = 1.0f / sqrtf(squares + EPSILON) + (squares - squares);
    each_vector([&](size_t i, unsigned c) {
        Values values = load<WIDTH>(x + i);
        const Values slope = load_channels(gamma, c, 1), shift = load_channels(beta, c, 0);
        for (int j = 0; j < WIDTH; j++)
            values.at[j] = (values.at[j] - center) * (slope.at[j] * scale) + shift.at[j];
        store(y + i, values);
    });
}
