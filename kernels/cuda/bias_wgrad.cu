// DB[k] += Σ_m DY[m,k].
// Blocks: block x of bias_wgrad sums slice x / COLUMN_BLOCKS of DY's rows in block x mod COLUMN_BLOCKS of its columns, thread (x, y) every
// THREADS_Y-th row from y on in column x; thread k of bias_wgrad_sum computes DB[k].
// Macros: M, K, SLICE (rows of a slice), SLICES, COLUMN_BLOCKS, THREADS_X, THREADS_Y (of a block).
// Sums: rows of a thread in order, then the threads of a column in order, then the slices in order.
#include "overlap.cuh"

extern "C" __global__ void bias_wgrad(const float* __restrict__ dy, float* __restrict__ db, float* __restrict__ parts)
{
    __shared__ float sums[THREADS_Y][THREADS_X];
    let_later_begin();
    const unsigned k = blockIdx.x % COLUMN_BLOCKS * THREADS_X + threadIdx.x, slice = blockIdx.x / COLUMN_BLOCKS;
    const unsigned first = slice * SLICE, last = min(first + SLICE, M);
    float sum = 0;
    if (k < K)
        for (size_t m = first + threadIdx.y; m < last; m += THREADS_Y)
            sum += dy[m * K + k];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || k >= K)
        return;
    for (int i = 1; i < THREADS_Y; i++)
        sum += sums[i][threadIdx.x];
    parts[slice * K + k] = sum;
}

extern "C" __global__ void bias_wgrad_sum(const float* __restrict__ dy, float* __restrict__ db, const float* __restrict__ parts)
{
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    wait_for_earlier();
    if (k >= K)
        return;
    float sum = 0;
    for (int slice = 0; slice < SLICES; slice++)
        sum += parts[slice * K + k];
    db[k] += sum;
}
