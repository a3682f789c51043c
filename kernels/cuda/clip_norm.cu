// Shortens a vector that is longer than NORM.
// Blocks: each of clip_norm_sums sums squares, thread i of the grid those of every (threads of the grid)-th vector of WIDTH elements from the i-th on;
// thread i of clip_norm scales the same, after each of its blocks has summed those sums anew. Both have BLOCKS blocks.
// Macros: ELEMENTS, WIDTH (divides it), BLOCKS, THREADS (of a block), NORM.
// Sums: in double: each thread its elements in order, then the threads of a block; then the blocks likewise; see block.cuh.
#include "block.cuh"
#include "vector.cuh"

constexpr size_t STEP = size_t(BLOCKS) * THREADS;

extern "C" __global__ void clip_norm_sums(float* __restrict__ x, double* __restrict__ sums)
{
    double sum = 0;
#pragma unroll 4
    for (size_t i = blockIdx.x * THREADS + threadIdx.x; i < ELEMENTS / WIDTH; i += STEP) {
        const Vector<WIDTH> values = load<WIDTH>(x + i * WIDTH);
        for (int j = 0; j < WIDTH; j++)
            sum += (double)values.at[j] * values.at[j];
    }
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
    if (!(norm > NORM))
        return;
    const float scale = NORM / norm;
#pragma unroll 4
    for (size_t i = blockIdx.x * THREADS + threadIdx.x; i < ELEMENTS / WIDTH; i += STEP) {
        Vector<WIDTH> values = load<WIDTH>(x + i * WIDTH);
        for (int j = 0; j < WIDTH; j++)
            values.at[j] *= scale;
        store(x + i * WIDTH, values);
    }
}
