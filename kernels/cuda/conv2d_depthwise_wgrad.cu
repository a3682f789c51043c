// DW[r,s,k] += Σ_{n,p,q} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., k / (K/C)] · DY[n,p,q,k]: each channel has K/C filters of its own. There are
// far more positions (n,p,q) than weights, so SLICES blocks share each sum.
// Blocks: block x of conv2d_depthwise_wgrad sums slice x / (COLUMN_BLOCKS·R·S) of the positions, for tap x / COLUMN_BLOCKS mod R·S, in block
// x mod COLUMN_BLOCKS of the filters, thread (x, y) every THREADS_Y-th position from y on for filter x; thread i of conv2d_depthwise_wgrad_sum
// computes element i of DW.
// Macros: N, C, K, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT, SLICE (positions of a slice), SLICES,
// COLUMN_BLOCKS, THREADS_X, THREADS_Y (of a block).
// Sums: positions of a thread in order, each added by a fused multiply-add, then the threads of a filter in order, then the slices in order.
constexpr unsigned POSITIONS = N * P * Q, TAPS = R * S;

extern "C" __global__ void conv2d_depthwise_wgrad(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__ dw,
                                                  float* __restrict__ parts)
{
    __shared__ float sums[THREADS_Y][THREADS_X];
    const unsigned k = blockIdx.x % COLUMN_BLOCKS * THREADS_X + threadIdx.x, tap = blockIdx.x / COLUMN_BLOCKS % TAPS;
    const unsigned slice = blockIdx.x / COLUMN_BLOCKS / TAPS, first = slice * SLICE, last = min(first + SLICE, POSITIONS);
    float sum = 0;
    if (k < K) {
        for (unsigned position = first + threadIdx.y; position < last; position += THREADS_Y) {
            const unsigned h = position / Q % P * STRIDE_H + tap / S * DILATION_H - PAD_TOP;
            const unsigned w = position % Q * STRIDE_W + tap % S * DILATION_W - PAD_LEFT;
            if (h < H && w < W)
                sum = fmaf(x[((position / (P * Q) * H + h) * W + w) * C + k / (K / C)], dy[position * K + k], sum);
        }
    }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || k >= K)
        return;
    for (int i = 1; i < THREADS_Y; i++)
        sum += sums[i][threadIdx.x];
    parts[(slice * TAPS + tap) * K + k] = sum;
}

extern "C" __global__ void conv2d_depthwise_wgrad_sum(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__ dw,
                                                      const float* __restrict__ parts)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= TAPS * K)
        return;
    float sum = 0;
    for (unsigned slice = 0; slice < SLICES; slice++)
        sum += parts[slice * (TAPS * K) + i];
    dw[i] += sum;
}
