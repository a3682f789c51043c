// DGamma[c] += Σ DY[n,p,c] · (X[n,p,c] − Mean[n,g]) / √(Variance[n,g] + EPSILON) for the group g of channel c.
// Blocks: block x of group_norm_wgrad sums slice x / COLUMN_BLOCKS of the rows in block x mod COLUMN_BLOCKS of the columns, thread (x, y) every
// THREADS_Y-th row from y on in column x; thread c of group_norm_wgrad_sum computes DGamma[c].
// Macros: N, P, C, G (groups of the C channels), SLICE (rows of a slice), SLICES, COLUMN_BLOCKS, THREADS_X, THREADS_Y (of a block), EPSILON.
// Sums: rows of a thread in order, then the threads of a column in order, then the slices in order.
extern "C" __global__ void group_norm_wgrad(const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ variance,
                                            const float* __restrict__ dy, float* __restrict__ dgamma, float* __restrict__ parts)
{
    __shared__ float sums[THREADS_Y][THREADS_X];
    const unsigned c = blockIdx.x % COLUMN_BLOCKS * THREADS_X + threadIdx.x, slice = blockIdx.x / COLUMN_BLOCKS;
    const unsigned first = slice * SLICE, last = min(first + SLICE, unsigned(N) * P);
    float sum = 0;
    if (c < C)
        for (size_t row = first + threadIdx.y; row < last; row += THREADS_Y) {
            const unsigned group = unsigned(row) / P * G + c / (C / G);
            sum += dy[row * C + c] * (x[row * C + c] - mean[group]) / sqrtf(variance[group] + EPSILON);
        }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || c >= C)
        return;
    for (int i = 1; i < THREADS_Y; i++)
        sum += sums[i][threadIdx.x];
    parts[size_t(slice) * C + c] = sum;
}

extern "C" __global__ void group_norm_wgrad_sum(const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ variance,
                                                const float* __restrict__ dy, float* __restrict__ dgamma, const float* __restrict__ parts)
{
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= C)
        return;
    float sum = 0;
    for (int slice = 0; slice < SLICES; slice++)
        sum += parts[size_t(slice) * C + c];
    dgamma[c] += sum;
}
