// DX[n,h,w,c] = Σ DY[n,p,q,k] · W[r,s,c,k] over all p, q, r, s, k with h = p·STRIDE_H + r·DILATION_H − PAD_TOP, and w likewise: each
// input position gathers from the outputs whose windows it lies in.
#include "tile.cuh"

extern "C" __global__ void conv2d_dgrad(const float* __restrict__ dy, const float* __restrict__ w, float* __restrict__ dx)
{
    constexpr int M = N * H * W, TERMS = R * S * K;
    auto gradient = [=](int m, int t) {
        const int r = t / (S * K), s = t / K % S, k = t % K;
        const int h = m / W % H + PAD_TOP - r * DILATION_H, v = m % W + PAD_LEFT - s * DILATION_W;
        const int p = h / STRIDE_H, q = v / STRIDE_W;
        const bool meets = m < M && h >= 0 && v >= 0 && h % STRIDE_H == 0 && v % STRIDE_W == 0 && p < P && q < Q;
        return meets ? dy[((m / (H * W) * P + p) * Q + q) * K + k] : 0.0f;
    };
    auto filter = [=](int t, int c) { return c < C ? w[(t / K * C + c) * K + t % K] : 0.0f; };
    tile_product<ALONG_K>(blockIdx.x * TILE, blockIdx.y * TILE, 0, TERMS, gradient, filter, [=](int m, int c, float sum) {
        if (m < M && c < C)
            dx[m * C + c] = sum;
    });
}
