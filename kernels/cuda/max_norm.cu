// Shortens each column of W [D K] that is longer than MOST.
// Blocks: block x of the grid has the columns from x · THREADS_X on, thread (x, y) of it every THREADS_Y-th row from y on of column x.
// Macros: D, K, MOST, THREADS_X, THREADS_Y (of a block).
// Sums: in double: rows of a thread in order, then the threads of a column in order.
extern "C" __global__ void max_norm(float* __restrict__ weights, const int* __restrict__ halt)
{
    __shared__ double sums[THREADS_Y][THREADS_X];
    const unsigned k = blockIdx.x * THREADS_X + threadIdx.x;
    double sum = 0;
    if (k < K)
        for (size_t d = threadIdx.y; d < D; d += THREADS_Y)
            sum += (double)weights[d * K + k] * weights[d * K + k];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    sum = 0;
    for (int i = 0; i < THREADS_Y; i++)
        sum += sums[i][threadIdx.x];
    if (k >= K || *halt || sqrt(sum) <= MOST)
        return;
    const float factor = MOST / sqrt(sum);
    for (size_t d = threadIdx.y; d < D; d += THREADS_Y)
        weights[d * K + k] *= factor;
}
