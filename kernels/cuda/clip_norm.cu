// Shortens a vector that is longer than NORM.
// Blocks: each of clip_norm_sums sums squares, thread i of the grid those of every (threads of the grid)-th element from i on; thread i of the
// grid of clip_norm scales element i, after each of its blocks has summed those sums anew.
// Macros: ELEMENTS, BLOCKS (of clip_norm_sums), THREADS (of a block), NORM.
// Sums: in double: each thread its elements in order, then the threads of a block; then the blocks likewise; see block.cuh.
#include "block.cuh"

extern "C" __global__ void clip_norm_sums(float* __restrict__ x, double* __restrict__ sums)
{
    double sum = 0;
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < ELEMENTS; i += gridDim.x * blockDim.x)
        sum += (double)x[i] * x[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0)
        sums[blockIdx.x] = sum;
}

extern "C" __global__ void clip_norm(float* __restrict__ x, const double* __restrict__ sums)
{
    double sum = 0;
    for (unsigned block = threadIdx.x; block < BLOCKS; block += THREADS)
        sum += sums[block];
    const double norm = sqrt(block_sum(sum));
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS && norm > NORM)
        x[i] *= (float)(NORM / norm);
}
