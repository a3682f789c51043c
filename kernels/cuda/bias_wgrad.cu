// DB[k] += Σ_m DY[m,k]. Each block sums ROWS rows of 32 columns, eight rows at a time; bias_wgrad_sum adds the blocks' sums, in order.

extern "C" __global__ void bias_wgrad(const float* __restrict__ dy, float* __restrict__, float* __restrict__ parts)
{
    __shared__ float sums[8][32];
    const int k = blockIdx.x * 32 + threadIdx.x, first = blockIdx.y * ROWS;
    float sum = 0;
    if (k < K)
        for (int m = first + threadIdx.y; m < min(first + ROWS, M); m += 8)
            sum += dy[m * K + k];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || k >= K)
        return;
    for (int i = 1; i < 8; i++)
        sum += sums[i][threadIdx.x];
    parts[blockIdx.y * K + k] = sum;
}

extern "C" __global__ void bias_wgrad_sum(const float* __restrict__, float* __restrict__ db, const float* __restrict__ parts)
{
    const int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= K)
        return;
    float sum = 0;
    for (int block = 0; block < BLOCKS; block++)
        sum += parts[block * K + k];
    db[k] += sum;
}
