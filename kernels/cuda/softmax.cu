// Softmax over rows of K, one warp for each row.
#include "softmax.cuh"

extern "C" __global__ void softmax_fprop(const float* __restrict__ x, float* __restrict__ y)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n < N)
        softmax(x + n * K, y + n * K);
}

// DX = Y · (DY − Σ DY·Y)
extern "C" __global__ void softmax_dgrad(const float* __restrict__ y, const float* __restrict__ dy, float* __restrict__ dx)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N)
        return;
    float dot = 0;
    for (int k = threadIdx.x; k < K; k += 32)
        dot += y[n * K + k] * dy[n * K + k];
    dot = warp_sum(dot);
    for (int k = threadIdx.x; k < K; k += 32)
        dx[n * K + k] = y[n * K + k] * (dy[n * K + k] - dot);
}
