// What values cost for being large, L1·Σ|x| + L2·Σx², added to the losses of examples, and its gradient. A label outside [0, K) marks a row that is no
// example;
// without labels all rows are.
// Blocks: each of penalty_sums sums what every (threads of the grid)-th element from its own on costs, and thread n of the grid of
// penalty_fprop adds it to the loss of row n, after each of its blocks has summed those sums anew; block n of penalty_each does row n of X; thread i of
// the grid of penalty_dgrad computes element i, whose first warp counts the examples.
// Macros: ELEMENTS (of X), N, K (rows of labels, classes), EACH (whether each row of X is an example's), BLOCKS (of penalty_sums), THREADS (of a block), L1, L2.
// Sums: in double: each thread its elements in order, then the threads of a block; then the blocks likewise; see block.cuh. Counts are of integers.
#include "block.cuh"
#include "warp.cuh"
#include "examples.cuh"

__device__ bool is_example(const int* labels, int n) { return !labels || is_label(labels[n]); }

__device__ double cost(float x) { return (L1 + (double)L2 * fabsf(x)) * fabsf(x); }

extern "C" __global__ void penalty_sums(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ loss, double* __restrict__ sums)
{
    double sum = 0;
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < ELEMENTS; i += gridDim.x * blockDim.x)
        sum += cost(x[i]);
    sum = block_sum(sum);
    if (threadIdx.x == 0)
        sums[blockIdx.x] = sum;
}

extern "C" __global__ void penalty_fprop(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ loss,
                                         const double* __restrict__ sums)
{
    double sum = 0;
    for (unsigned block = threadIdx.x; block < BLOCKS; block += THREADS)
        sum += sums[block];
    sum = block_sum(sum);
    const int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N && is_example(labels, n))
        loss[n] += (float)sum;
}

extern "C" __global__ void penalty_each(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ loss)
{
    const size_t row = ELEMENTS / N, n = blockIdx.x;
    double sum = 0;
    for (size_t i = threadIdx.x; i < row; i += THREADS)
        sum += cost(x[n * row + i]);
    sum = block_sum(sum);
    if (threadIdx.x == 0 && is_example(labels, n))
        loss[n] += (float)sum;
}

// No __restrict__: DX may be DY.
extern "C" __global__ void penalty_dgrad(const float* x, const int* labels, const float* dy, float* dx)
{
    __shared__ float share;
    if (EACH && threadIdx.x < 32) {
        const int examples = labels ? count_examples(labels) : N;
        if (threadIdx.x == 0)
            share = 1.0f / examples;
    }
    __syncthreads();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS)
        return;
    const float v = x[i], sign = v > 0 ? 1 : v < 0 ? -1 : v;
    const float factor = !EACH ? 1.0f : is_example(labels, i / (ELEMENTS / N)) ? share : 0.0f;
    dx[i] = factor == 0 ? dy[i] : dy[i] + factor * (L1 * sign + 2 * L2 * v);
}
