// Y = Gamma · (X − Mean) / √(Variance + EPSILON) + Beta with the mean and variance of each group of each example; no Gamma is 1, no Beta 0. The
// difference of an infinite variance from itself is no number.
// Blocks: as in group_norm.cuh.
// Macros: those of group_norm.cuh.
// Sums: as in group_norm.cuh.
#include "group_norm.cuh"

extern "C" __global__ void group_norm_fprop(const float* __restrict__ x, const float* __restrict__ gamma, const float* __restrict__ beta,
                                            float* __restrict__ mean, float* __restrict__ variance, float* __restrict__ y)
{
    const float center = group_mean([&](size_t i, unsigned) { return x[i]; });
    const float squares = group_mean([&](size_t i, unsigned) { return (x[i] - center) * (x[i] - center); });
    if (mean && threadIdx.x == 0)
        mean[blockIdx.x] = center;
    if (variance && threadIdx.x == 0)
        variance[blockIdx.x] = squares;
    const float scale = 1.0f / sqrtf(squares + EPSILON) + (squares - squares);
    each_value([&](size_t i, unsigned c) { y[i] = (x[i] - center) * (gamma ? gamma[c] * scale : scale) + (beta ? beta[c] : 0.0f); });
}
