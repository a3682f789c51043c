// The rows of X [N P C] of a batch normalisation, one for each place of an image, and which of them belong to examples.
// Blocks: block x of a grid has slice x / COLUMN_BLOCKS of the rows in block x mod COLUMN_BLOCKS of the columns, thread (x, y) of it every
// THREADS_Y-th row from y on in column x. THREADS_X is that of a warp.
// Macros: N, P, C, CLASSES, SLICE (rows of a slice), SLICES, COLUMN_BLOCKS, THREADS_X, THREADS_Y (of a block), EPSILON.
// Sums: rows of a thread in order, then the threads of a column in order, then the slices in order. Counts are of integers.
#include "warp.cuh"

__device__ bool is_example(const int* labels, int n) { return !labels || labels[n] >= 0 && labels[n] < CLASSES; }

// count is the number of places of examples, as a divisor. All threads of a warp call it.
__device__ float count(const int* labels)
{
    int examples = 0;
    for (size_t n = threadIdx.x % 32; n < N; n += 32)
        examples += is_example(labels, n);
    return max(warp_sum(examples) * P, 1);
}

__device__ float root(const float* variance, int c) { return sqrtf(variance[c] + EPSILON); }

// column is the thread's, C or more if it has none.
__device__ unsigned column() { return blockIdx.x % COLUMN_BLOCKS * THREADS_X + threadIdx.x; }

// each_row calls visit with where each of the thread's rows begins and whether it belongs to an example.
template <class Visit>
__device__ void each_row(const int* labels, Visit visit)
{
    const unsigned first = blockIdx.x / COLUMN_BLOCKS * SLICE, last = min(first + SLICE, unsigned(N) * P);
    for (size_t row = first + threadIdx.y; row < last; row += THREADS_Y)
        visit(row * C, is_example(labels, unsigned(row) / P));
}

// slice_sum writes the sum of a slice, of term(i) over the elements i of a column that belong to examples, to parts.
template <class Term>
__device__ void slice_sum(const int* labels, float* parts, Term term)
{
    __shared__ float sums[THREADS_Y][THREADS_X];
    const unsigned c = column();
    float sum = 0;
    if (c < C)
        each_row(labels, [&](size_t row, bool is_counted) {
            if (is_counted)
                sum += term(row + c);
        });
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || c >= C)
        return;
    for (int i = 1; i < THREADS_Y; i++)
        sum += sums[i][threadIdx.x];
    parts[size_t(blockIdx.x / COLUMN_BLOCKS) * C + c] = sum;
}

// sum_of adds up the sums of a column's slices.
__device__ float sum_of(const float* parts, int c)
{
    float sum = 0;
    for (int slice = 0; slice < SLICES; slice++)
        sum += parts[size_t(slice) * C + c];
    return sum;
}
