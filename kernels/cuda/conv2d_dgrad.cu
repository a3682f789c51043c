// DX[n,h,w,g·C/GROUPS+c] = Σ DY[n,p,q,k] · W[r,s,c,k] over all p, q, r, s with h = p·STRIDE_H + r·DILATION_H − PAD_TOP, and w likewise, and all
// filters k of group g: each input position gathers from the outputs whose windows it lies in.
// Blocks: a tile of rows, the input positions (n,h,w), and of columns, the channels of a group behind those of the one before, each in
// GROUP_TILES whole tiles; see tile.cuh.
// Macros: N, C, K, GROUPS, GROUP_TILES, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT.
// Sums: terms (r,s,k) in order.
#include "tile.cuh"

extern "C" __global__ void conv2d_dgrad(const float* __restrict__ dy, const float* __restrict__ weights, float* __restrict__ dx)
{
    constexpr unsigned CHANNELS = C / GROUPS, FILTERS = K / GROUPS, POSITIONS = N * H * W, TERMS = R * S * FILTERS;
    const unsigned group = blockIdx.x / ROW_TILES / GROUP_TILES, columns = group * GROUP_TILES * TILE;
    auto gradient = [=](unsigned position, unsigned term) {
        const unsigned r = term / (S * FILTERS), s = term / FILTERS % S, k = group * FILTERS + term % FILTERS;
        const unsigned down = position / W % H + PAD_TOP - r * DILATION_H; // p · STRIDE_H, if row h is row r of a window
        const unsigned across = position % W + PAD_LEFT - s * DILATION_W;
        const unsigned p = down / STRIDE_H, q = across / STRIDE_W;
        const bool meets = position < POSITIONS && down % STRIDE_H == 0 && across % STRIDE_W == 0 && p < P && q < Q;
        return meets ? dy[((position / (H * W) * P + p) * Q + q) * K + k] : 0.0f;
    };
    auto filter = [=](unsigned term, unsigned column) {
        const unsigned c = column - columns; // of the group
        return c < CHANNELS ? weights[(term / FILTERS * CHANNELS + c) * K + group * FILTERS + term % FILTERS] : 0.0f;
    };
    tile_product<ALONG_TERMS>(0, TERMS, gradient, filter, [=](unsigned position, unsigned column, float sum) {
        const unsigned c = column - columns;
        if (position < POSITIONS && c < CHANNELS)
            dx[position * C + group * CHANNELS + c] = sum;
    });
}
