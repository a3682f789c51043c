// DW[r,s,c,k] += Σ_{n,p,q} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., c] · DY[n,p,q,k]. There are far more positions than
// filters' values, so SLICES blocks share the sum for a tile; conv2d_wgrad_sum adds their parts, in order.
#include "tile.cuh"

constexpr int VALUES = R * S * C, POSITIONS = N * P * Q;

extern "C" __global__ void conv2d_wgrad(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__, float* __restrict__ parts)
{
    constexpr int SLICE = (POSITIONS + SLICES - 1) / SLICES;
    const int first = blockIdx.z * SLICE, last = min(first + SLICE, POSITIONS);
    auto input = [=](int m, int t) {
        const int r = m / (S * C), s = m / C % S, c = m % C;
        const int h = t / Q % P * STRIDE_H + r * DILATION_H - PAD_TOP, v = t % Q * STRIDE_W + s * DILATION_W - PAD_LEFT;
        return m < VALUES && h >= 0 && h < H && v >= 0 && v < W ? x[((t / (P * Q) * H + h) * W + v) * C + c] : 0.0f;
    };
    auto gradient = [=](int t, int k) { return k < K ? dy[t * K + k] : 0.0f; };
    float* part = parts + blockIdx.z * (VALUES * K);
    tile_product<ALONG_M>(blockIdx.x * TILE, blockIdx.y * TILE, first, last, input, gradient, [=](int m, int k, float sum) {
        if (m < VALUES && k < K)
            part[m * K + k] = sum;
    });
}

extern "C" __global__ void conv2d_wgrad_sum(const float* __restrict__, const float* __restrict__, float* __restrict__ dw, const float* __restrict__ parts)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= VALUES * K)
        return;
    float sum = 0;
    for (int slice = 0; slice < SLICES; slice++)
        sum += parts[slice * (VALUES * K) + i];
    dw[i] += sum;
}
