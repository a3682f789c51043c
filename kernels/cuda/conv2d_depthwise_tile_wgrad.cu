// DW[r,s,k] += Σ_{n,p,q} X[n, p·STRIDE_H + r − PAD_TOP, ..., k] · DY[n,p,q,k] of a depthwise convolution with one filter for each channel. There are
// far more positions (n,p,q) than weights, so SLICES blocks share each sum.
// Blocks: as in conv2d_depthwise_tile.cuh; thread (x, y) has every THREADS_Y-th tile from y on of slice b / CHANNEL_BLOCKS. Thread (x, y) of a block of
// conv2d_depthwise_tile_wgrad_sum has element COMBINE_X · block + x of DW and every COMBINE_Y-th slice from y on.
// Macros: SLICE (tiles of a slice), SLICES, COMBINE_X, COMBINE_Y (of a block), and those of conv2d_depthwise_tile.cuh.
// Sums: tiles of a thread in order, their rows and columns in order, each term added by a fused multiply-add, then the threads of a channel in order,
// then every COMBINE_Y-th slice in order, then what these make, in order.
#include "conv2d_depthwise_tile.cuh"

constexpr unsigned TAPS = R * S;

// TOGETHER is the number of taps whose sums are added up at a time, by as many rows of threads.
constexpr unsigned TOGETHER = TAPS < 8 ? TAPS < THREADS_Y ? TAPS : THREADS_Y : 8 < THREADS_Y ? 8 : THREADS_Y;

extern "C" __global__ void conv2d_depthwise_tile_wgrad(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__ dw,
                                                       float* __restrict__ parts)
{
    constexpr int ROWS = (TILE_H - 1) * STRIDE_H + R, COLUMNS = (TILE_W - 1) * STRIDE_W + S;
    __shared__ Values of_threads[TOGETHER][THREADS_Y][THREADS_X];
    const unsigned k = first_channel(), slice = blockIdx.x / CHANNEL_BLOCKS;
    const unsigned first = slice * SLICE, end = min(first + SLICE, TILES);
    Values sums[TAPS] = {};
    for (unsigned tile = first + threadIdx.y; tile < end && k < K; tile += THREADS_Y) {
        const int n = tile / (TILE_ROWS * TILE_COLUMNS), p = tile / TILE_COLUMNS % TILE_ROWS * TILE_H, q = tile % TILE_COLUMNS * TILE_W;
        Values gradients[TILE_H][TILE_W];
#pragma unroll
        for (int t = 0; t < TILE_H; t++)
#pragma unroll
            for (int u = 0; u < TILE_W; u++)
                gradients[t][u] = load_place<P, Q>(dy, n, p + t, q + u);
#pragma unroll
        for (int row = 0; row < ROWS; row++) {
            Values loaded[COLUMNS];
#pragma unroll
            for (int column = 0; column < COLUMNS; column++)
                loaded[column] = load_place<H, W>(x, n, p * STRIDE_H - PAD_TOP + row, q * STRIDE_W - PAD_LEFT + column);
#pragma unroll
            for (int t = 0; t < TILE_H; t++) {
                const int r = row - t * STRIDE_H;
                if (r < 0 || r >= R)
                    continue;
#pragma unroll
                for (int u = 0; u < TILE_W; u++)
#pragma unroll
                    for (int s = 0; s < S; s++)
                        for (int c = 0; c < WIDTH; c++)
                            sums[r * S + s].at[c] = fmaf(loaded[u * STRIDE_W + s].at[c], gradients[t][u].at[c], sums[r * S + s].at[c]);
            }
        }
    }
#pragma unroll
    for (unsigned tap = 0; tap < TAPS; tap += TOGETHER) {
        __syncthreads(); // the sums before have the same memory
#pragma unroll
        for (unsigned i = 0; i < TOGETHER; i++)
            if (tap + i < TAPS)
                of_threads[i][threadIdx.y][threadIdx.x] = sums[tap + i];
        __syncthreads();
        if (threadIdx.y >= TOGETHER || tap + threadIdx.y >= TAPS || k >= K)
            continue;
        Values sum = {};
        for (int y = 0; y < THREADS_Y; y++)
            add(sum, of_threads[threadIdx.y][y][threadIdx.x]);
        store(parts + (slice * TAPS + tap + threadIdx.y) * K + k, sum);
    }
}

extern "C" __global__ void conv2d_depthwise_tile_wgrad_sum(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__ dw,
                                                           const float* __restrict__ parts)
{
    __shared__ float of_threads[COMBINE_Y][COMBINE_X];
    const unsigned i = blockIdx.x * COMBINE_X + threadIdx.x;
    float sum = 0;
    if (i < TAPS * K)
        for (size_t slice = threadIdx.y; slice < SLICES; slice += COMBINE_Y)
            sum += parts[slice * (TAPS * K) + i];
    of_threads[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || i >= TAPS * K)
        return;
    for (int y = 1; y < COMBINE_Y; y++)
        sum += of_threads[y][threadIdx.x];
    dw[i] += sum;
}
