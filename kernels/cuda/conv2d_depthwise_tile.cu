// A depthwise convolution with one filter for each channel, Y[n,p,q,k] = B[k] + Σ_{r,s} X[n, p·STRIDE_H + r − PAD_TOP, ..., k] · W[r,s,k], and its
// gradient by the input.
// Blocks: as in conv2d_depthwise_tile.cuh; thread (x, y) has tile b / CHANNEL_BLOCKS · THREADS_Y + y. Tiles of DX begin where a window's first row and
// column may lie, and are multiples of the strides.
// Macros: those of conv2d_depthwise_tile.cuh.
// Sums: taps (r,s) in order, each added by a fused multiply-add, then the bias; of the gradient in the order of DY's places.
#include "conv2d_depthwise_tile.cuh"

// Reach is how far along an axis outputs of a tile see: output t sees input at(t, tap), counted from the tile's first input, unless that is negative.
// BACK is for the gradient, whose inputs are DY.
template <bool BACK, int TAPS, int STRIDE, int TILE>
struct Reach {
    static constexpr int BEFORE = BACK ? (TAPS - 1) / STRIDE : 0, INPUTS = BACK ? BEFORE + (TILE - 1) / STRIDE + 1 : (TILE - 1) * STRIDE + TAPS;

    __device__ static constexpr int at(int t, int tap)
    {
        const int steps = t - tap + BEFORE * STRIDE;
        return !BACK ? t * STRIDE + tap : steps % STRIDE ? -1 : steps / STRIDE;
    }

    // tap is the inverse: the one by which output t sees an input, TAPS or more or negative if there is none.
    __device__ static constexpr int tap(int t, int input) { return BACK ? t - (input - BEFORE) * STRIDE : input - t * STRIDE; }
};

template <bool BACK>
__device__ void convolve(const float* __restrict__ in, const float* __restrict__ weights, const float* __restrict__ b, float* __restrict__ out)
{
    typedef Reach<BACK, R, STRIDE_H, TILE_H> Down;
    typedef Reach<BACK, S, STRIDE_W, TILE_W> Across;
    constexpr int IN_H = BACK ? P : H, IN_W = BACK ? Q : W, OUT_H = BACK ? H : P, OUT_W = BACK ? W : Q;

    const unsigned k = first_channel(), tile = blockIdx.x / CHANNEL_BLOCKS * THREADS_Y + threadIdx.y;
    if (k >= K || tile >= TILES)
        return;
    const int n = tile / (TILE_ROWS * TILE_COLUMNS);
    int h0 = tile / TILE_COLUMNS % TILE_ROWS * TILE_H, w0 = tile % TILE_COLUMNS * TILE_W; // the first output
    if (BACK) {
        h0 -= PAD_TOP % STRIDE_H;
        w0 -= PAD_LEFT % STRIDE_W;
    }
    const int first_h = BACK ? (h0 + PAD_TOP) / STRIDE_H - Down::BEFORE : h0 * STRIDE_H - PAD_TOP;
    const int first_w = BACK ? (w0 + PAD_LEFT) / STRIDE_W - Across::BEFORE : w0 * STRIDE_W - PAD_LEFT;

    Values sums[TILE_H][TILE_W] = {};
#pragma unroll
    for (int row = 0; row < Down::INPUTS; row++) {
        Values loaded[Across::INPUTS];
#pragma unroll
        for (int column = 0; column < Across::INPUTS; column++)
            loaded[column] = load_place<IN_H, IN_W>(in, n, first_h + row, first_w + column);
#pragma unroll
        for (int t = 0; t < TILE_H; t++) {
            const int r = Down::tap(t, row);
            if (r < 0 || r >= R)
                continue;
#pragma unroll
            for (int i = 0; i < S; i++) {
                const int s = BACK ? S - 1 - i : i;
                const Values weight = load<WIDTH>(weights + (r * S + s) * K + k);
#pragma unroll
                for (int u = 0; u < TILE_W; u++)
                    if (Across::at(u, s) >= 0)
                        for (int c = 0; c < WIDTH; c++)
                            sums[t][u].at[c] = fmaf(loaded[Across::at(u, s)].at[c], weight.at[c], sums[t][u].at[c]);
            }
        }
    }
    const Values bias = b ? load<WIDTH>(b + k) : Values{};
#pragma unroll
    for (int t = 0; t < TILE_H; t++)
#pragma unroll
        for (int u = 0; u < TILE_W; u++) {
            const int h = h0 + t, w = w0 + u;
            add(sums[t][u], bias);
            if (h >= 0 && h < OUT_H && w >= 0 && w < OUT_W)
                store(out + ((n * OUT_H + h) * OUT_W + w) * K + k, sums[t][u]);
        }
}

extern "C" __global__ void conv2d_depthwise_tile_fprop(const float* __restrict__ x, const float* __restrict__ weights, const float* __restrict__ b,
                                                       float* __restrict__ y)
{
    convolve<false>(x, weights, b, y);
}

extern "C" __global__ void conv2d_depthwise_tile_dgrad(const float* __restrict__ dy, const float* __restrict__ weights, float* __restrict__ dx)
{
    convolve<true>(dy, weights, nullptr, dx);
}
