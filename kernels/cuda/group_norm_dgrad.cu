// DX = 1 / √(Variance + EPSILON) · (D − mean of D − (X − Mean) / (Variance + EPSILON) · mean of D · (X − Mean)) with D = Gamma · DY and the means
// over each group of each example. The difference of an infinite variance from itself is no number.
// Blocks: as in group_norm.cuh.
// Macros: those of group_norm.cuh.
// Sums: as in group_norm.cuh.
#include "group_norm.cuh"

extern "C" __global__ void group_norm_dgrad(const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ variance,
                                            const float* __restrict__ gamma, const float* __restrict__ dy, float* __restrict__ dx)
{
    const float center = mean[blockIdx.x], squares = variance[blockIdx.x], spread = sqrtf(squares + EPSILON);
    auto d = [&](size_t i, unsigned c) { return gamma ? gamma[c] * dy[i] : dy[i]; };
    const float shift = group_mean(d);
    const float slope = group_mean([&](size_t i, unsigned c) { return d(i, c) * (x[i] - center); }) / spread / spread;
    const float scale = 1.0f / spread + (squares - squares);
    each_value([&](size_t i, unsigned c) { dx[i] = (d(i, c) - shift - (x[i] - center) * slope) * scale; });
}
