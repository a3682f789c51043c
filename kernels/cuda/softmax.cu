// Softmax over the rows of X [N K].
// Blocks: warp n of the grid computes row n, lane l of it every 32nd column from l on.
// Macros: N, K (rows and columns).
// Sums: each lane's columns in order, then the lanes; see warp.cuh.
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
    for (size_t k = threadIdx.x; k < K; k += 32)
        dot += y[n * K + k] * dy[n * K + k];
    dot = warp_sum(dot);
    for (size_t k = threadIdx.x; k < K; k += 32)
        dx[n * K + k] = y[n * K + k] * (dy[n * K + k] - dot);
}
