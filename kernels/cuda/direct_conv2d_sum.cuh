// The gradients of a direct convolution out of the parts that the blocks summed.
// Blocks: 32 threads along x and 8 along y.
// Macros: R, S, C, K, BLOCKS (that have a part).
// Sums: every 8th part in order, then those eight in order.

// add_parts adds parts [BLOCKS][R*S*C + 1][K] to the gradients by the filters and, if it is asked for, by the bias, which are their last K.
__device__ void add_parts(float* __restrict__ dw, float* __restrict__ db, const float* __restrict__ parts)
{
    __shared__ float sums[8][32];
    constexpr int WEIGHTS = R * S * C * K;
    const int i = blockIdx.x * 32 + threadIdx.x;
    float sum = 0;
    if (i < WEIGHTS + K)
#pragma unroll 16
        for (unsigned part = threadIdx.y; part < BLOCKS; part += 8)
            sum += parts[(size_t)part * (WEIGHTS + K) + i];
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || i >= WEIGHTS + K)
        return;
    for (int y = 1; y < 8; y++)
        sum += sums[y][threadIdx.x];
    if (i < WEIGHTS)
        dw[i] += sum;
    else if (db)
        db[i - WEIGHTS] += sum;
}
