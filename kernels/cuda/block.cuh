// Sums over the threads of a block; every thread gets the result.
// Blocks: THREADS threads along x, a power of two.
// Macros: THREADS.
// Sums: a fixed tree, threads farthest apart first.

__device__ double block_sum(double value)
{
    __shared__ double sums[THREADS];
    sums[threadIdx.x] = value;
    __syncthreads();
    for (int distance = THREADS / 2; distance > 0; distance /= 2) {
        if (threadIdx.x < distance)
            sums[threadIdx.x] += sums[threadIdx.x + distance];
        __syncthreads();
    }
    value = sums[0];
    __syncthreads(); // the next sum has the same memory
    return value;
}
