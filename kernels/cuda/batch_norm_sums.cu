// DYSum[c] = Σ DY[n,p,c] and DYXSum[c] = Σ DY[n,p,c] · (X[n,p,c] − Mean[c]) / √(Variance[c] + EPSILON) over the places of examples.
// Blocks: batch_norm_sums as in batch_norm.cuh; thread c of batch_norm_sums_sum computes column c.
// Macros: those of batch_norm.cuh.
// Sums: as in batch_norm.cuh.
#include "batch_norm.cuh"

// The parts of the second sum lie behind those of the first.
constexpr size_t BEHIND = size_t(SLICES) * C;

extern "C" __global__ void batch_norm_sums(const float* __restrict__ x, const int* __restrict__ labels, const float* __restrict__ mean,
                                           const float* __restrict__ variance, const float* __restrict__ dy, float* __restrict__ dy_sum,
                                           float* __restrict__ dyx_sum, float* __restrict__ parts)
{
    const float center = column() < C ? mean[column()] : 0;
    slice_sum(labels, parts, [&](size_t i) { return dy[i]; });
    slice_sum(labels, parts + BEHIND, [&](size_t i) { return dy[i] * (x[i] - center); });
}

extern "C" __global__ void batch_norm_sums_sum(const float* __restrict__ x, const int* __restrict__ labels, const float* __restrict__ mean,
                                               const float* __restrict__ variance, const float* __restrict__ dy, float* __restrict__ dy_sum,
                                               float* __restrict__ dyx_sum, const float* __restrict__ parts)
{
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= C)
        return;
    dy_sum[c] = sum_of(parts, c);
    dyx_sum[c] = sum_of(parts + BEHIND, c) / root(variance, c);
}
