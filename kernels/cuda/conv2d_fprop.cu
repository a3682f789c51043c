// Y[n,p,q,k] = B[k] + Σ_{r,s,c} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., g·C/GROUPS + c] · W[r,s,c,k], where filter k is of group g, as a
// product of the windows with the filters for each group.
// Blocks: a tile of rows, the output positions (n,p,q), and of columns, the filters of a group behind those of the one before, each in
// GROUP_TILES whole tiles; see tile.cuh.
// Macros: N, C, K, GROUPS, GROUP_TILES, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT.
// Sums: terms (r,s,c) in order, then the bias.
#include "tile.cuh"

extern "C" __global__ void conv2d_fprop(const float* __restrict__ x, const float* __restrict__ weights, const float* __restrict__ b,
                                        float* __restrict__ y)
{
    constexpr unsigned CHANNELS = C / GROUPS, FILTERS = K / GROUPS, POSITIONS = N * P * Q, TERMS = R * S * CHANNELS;
    const unsigned group = blockIdx.x / ROW_TILES / GROUP_TILES, columns = group * GROUP_TILES * TILE;
    auto window = [=](unsigned position, unsigned term) {
        const unsigned r = term / (S * CHANNELS), s = term / CHANNELS % S, c = group * CHANNELS + term % CHANNELS;
        const unsigned h = position / Q % P * STRIDE_H + r * DILATION_H - PAD_TOP;
        const unsigned w = position % Q * STRIDE_W + s * DILATION_W - PAD_LEFT;
        return position < POSITIONS && h < H && w < W ? x[((position / (P * Q) * H + h) * W + w) * C + c] : 0.0f;
    };
    auto filter = [=](unsigned term, unsigned column) {
        const unsigned k = column - columns; // of the group
        return k < FILTERS ? weights[term * K + group * FILTERS + k] : 0.0f;
    };
    tile_product<ALONG_TERMS>(0, TERMS, window, filter, [=](unsigned position, unsigned column, float sum) {
        const unsigned k = column - columns;
        if (position < POSITIONS && k < FILTERS)
            y[position * K + group * FILTERS + k] = sum + (b ? b[group * FILTERS + k] : 0.0f);
    });
}
