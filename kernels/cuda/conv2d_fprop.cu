// Y[n,p,q,k] = B[k] + Σ_{r,s,c} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., c] · W[r,s,c,k], as a product of the windows, one
// for each output position m = (n,p,q), with the filters.
#include "tile.cuh"

extern "C" __global__ void conv2d_fprop(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ b,
                                        float* __restrict__ y)
{
    constexpr int M = N * P * Q, TERMS = R * S * C;
    auto window = [=](int m, int k) {
        const int r = k / (S * C), s = k / C % S, c = k % C;
        const int h = m / Q % P * STRIDE_H + r * DILATION_H - PAD_TOP;
        const int v = m % Q * STRIDE_W + s * DILATION_W - PAD_LEFT;
        return m < M && h >= 0 && h < H && v >= 0 && v < W ? x[((m / (P * Q) * H + h) * W + v) * C + c] : 0.0f;
    };
    auto filter = [=](int k, int n) { return n < K ? w[k * K + n] : 0.0f; };
    tile_product<ALONG_K>(blockIdx.x * TILE, blockIdx.y * TILE, 0, TERMS, window, filter, [=](int m, int n, float sum) {
        if (m < M && n < K)
            y[m * K + n] = sum + (b ? b[n] : 0.0f);
    });
}
