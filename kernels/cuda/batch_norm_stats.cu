// Mean[c] = 1/M · Σ X[n,p,c] and Variance[c] = 1/M · Σ (X[n,p,c] − Mean[c])² over the M places of examples.
// Blocks: batch_norm_sum and batch_norm_squares as in batch_norm.cuh; thread c of batch_norm_mean and of batch_norm_variance computes column c.
// Macros: those of batch_norm.cuh.
// Sums: as in batch_norm.cuh.
#include "batch_norm.cuh"

extern "C" __global__ void batch_norm_sum(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ mean,
                                          float* __restrict__ variance, float* __restrict__ parts)
{
    slice_sum(labels, parts, [&](size_t i) { return x[i]; });
}

extern "C" __global__ void batch_norm_mean(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ mean,
                                           float* __restrict__ variance, const float* __restrict__ parts)
{
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    const float places = count(labels);
    if (c < C)
        mean[c] = sum_of(parts, c) / places;
}

extern "C" __global__ void batch_norm_squares(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ mean,
                                              float* __restrict__ variance, float* __restrict__ parts)
{
    const float center = column() < C ? mean[column()] : 0;
    slice_sum(labels, parts, [&](size_t i) { return (x[i] - center) * (x[i] - center); });
}

extern "C" __global__ void batch_norm_variance(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ mean,
                                               float* __restrict__ variance, const float* __restrict__ parts)
{
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    const float places = count(labels);
    if (c < C)
        variance[c] = sum_of(parts, c) / places;
}
