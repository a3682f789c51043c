// Rows of C columns, whose columns are summed over slices of the rows, or have a factor each.
// Blocks: block x of a grid has slice x / COLUMN_BLOCKS of the rows in block x mod COLUMN_BLOCKS of the columns, thread (x, y) of it every
// THREADS_Y-th row from y on in the WIDTH columns from WIDTH · x on. Where slices are combined, thread (x, y) of a block of COMBINE_X by
// COMBINE_Y has column COMBINE_X · block + x and every COMBINE_Y-th slice from y on.
// Macros: ROWS, C, WIDTH (of vectors, divides C), SLICE (rows of a slice), SLICES, COLUMN_BLOCKS, THREADS_X, THREADS_Y (of a block, powers of
// two, the former at most a warp's), COMBINE_X, COMBINE_Y (of a block), BATCH (rows or slices that a thread loads before it looks at the first, so that
// it waits for memory once for all of them).
// Sums: rows of a thread in order, then a column's threads in a warp, those farthest apart first, then its warps in order, then every
// COMBINE_Y-th slice in order, then what these make, in order.
#include "vector.cuh"

typedef Vector<WIDTH> Values;

// first_column is the thread's, C or more if it has none.
__device__ unsigned first_column() { return (blockIdx.x % COLUMN_BLOCKS * THREADS_X + threadIdx.x) * WIDTH; }

// each_batch calls visit with every THREADS_Y-th of the thread's rows, the first one of BATCH, with the row behind the last one of the slice, and
// with what load gives for those that come before that.
template <class Load, class Visit>
__device__ void each_batch(Load load, Visit visit)
{
    const unsigned first = blockIdx.x / COLUMN_BLOCKS * SLICE, end = min(first + SLICE, unsigned(ROWS));
    if (first_column() >= C)
        return;
    for (size_t row = first + threadIdx.y; row < end; row += BATCH * THREADS_Y) {
        decltype(load(unsigned(row))) loaded[BATCH];
#pragma unroll
        for (int i = 0; i < BATCH; i++)
            if (row + i * THREADS_Y < end)
                loaded[i] = load(unsigned(row) + i * THREADS_Y);
        visit(unsigned(row), end, loaded);
    }
}

// each_row calls visit with each of the thread's rows and what load gives for it.
template <class Load, class Visit>
__device__ void each_row(Load load, Visit visit)
{
    each_batch(load, [&](unsigned row, unsigned end, const decltype(load(0u))(&loaded)[BATCH]) {
#pragma unroll // also where f is long: registers cannot be numbered at run time
        for (int i = 0; i < BATCH; i++)
            if (row + i * THREADS_Y < end)
                visit(row + i * THREADS_Y, loaded[i]);
    });
}

// of_lane_above is the value, which consists of floats, that a lane so many above has.
template <class T>
__device__ T of_lane_above(T value, int distance)
{
    T other;
    for (int word = 0; word < sizeof(T) / sizeof(float); word++)
        reinterpret_cast<float*>(&other)[word] = __shfl_down_sync(0xffffffff, reinterpret_cast<float*>(&value)[word], distance);
    return other;
}

// reduce_block combines what the threads of each column have; the first of them gets the result. All threads of a block call it.
template <class T, class Combine>
__device__ T reduce_block(T value, Combine combine)
{
    __shared__ T of_warps[THREADS_X * THREADS_Y / 32][THREADS_X];
    for (int distance = 16; distance >= THREADS_X; distance /= 2)
        combine(value, of_lane_above(value, distance));
    const int thread = threadIdx.y * THREADS_X + threadIdx.x;
    if (thread % 32 < THREADS_X)
        of_warps[thread / 32][thread % 32] = value;
    __syncthreads();
    if (threadIdx.y == 0)
        for (int warp = 1; warp < THREADS_X * THREADS_Y / 32; warp++)
            combine(value, of_warps[warp][threadIdx.x]);
    return value;
}

// combine_slices adds to value what load gives for the slices of the thread's column; the first of its threads gets the result. All threads of
// a block call it.
template <class T, class Load, class Combine>
__device__ T combine_slices(T value, Load load, Combine combine)
{
    __shared__ T of_threads[COMBINE_Y][COMBINE_X];
    const unsigned c = blockIdx.x * COMBINE_X + threadIdx.x;
    if (c < C)
        for (size_t slice = threadIdx.y; slice < SLICES; slice += BATCH * COMBINE_Y) {
            T loaded[BATCH];
            for (int i = 0; i < BATCH; i++)
                if (slice + i * COMBINE_Y < SLICES)
                    loaded[i] = load((slice + i * COMBINE_Y) * C + c);
            for (int i = 0; i < BATCH; i++)
                if (slice + i * COMBINE_Y < SLICES)
                    combine(value, loaded[i]);
        }
    of_threads[threadIdx.y][threadIdx.x] = value;
    __syncthreads();
    if (threadIdx.y == 0)
        for (int i = 1; i < COMBINE_Y; i++)
            combine(value, of_threads[i][threadIdx.x]);
    return value;
}
