// Y[n,p,q,k] = B[k] + Σ_{r,s,c} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., c] · W[r,s,c,k], as a product of the windows with the
// filters.
// Blocks: a tile of rows, the output positions (n,p,q), and of columns k; see tile.cuh.
// Macros: N, C, K, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT.
// Sums: terms (r,s,c) in order, then the bias.
#include "tile.cuh"

extern "C" __global__ void conv2d_fprop(const float* __restrict__ x, const float* __restrict__ weights, const float* __restrict__ b,
                                        float* __restrict__ y)
{
    constexpr unsigned POSITIONS = N * P * Q, TERMS = R * S * C;
    auto window = [=](unsigned position, unsigned term) {
        const unsigned r = term / (S * C), s = term / C % S, c = term % C;
        const unsigned h = position / Q % P * STRIDE_H + r * DILATION_H - PAD_TOP;
        const unsigned w = position % Q * STRIDE_W + s * DILATION_W - PAD_LEFT;
        return position < POSITIONS && h < H && w < W ? x[((position / (P * Q) * H + h) * W + w) * C + c] : 0.0f;
    };
    auto filter = [=](unsigned term, unsigned k) { return k < K ? weights[term * K + k] : 0.0f; };
    tile_product<ALONG_TERMS>(0, TERMS, window, filter, [=](unsigned position, unsigned k, float sum) {
        if (position < POSITIONS && k < K)
            y[position * K + k] = sum + (b ? b[k] : 0.0f);
    });
}
