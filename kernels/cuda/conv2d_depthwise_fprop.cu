// Y[n,p,q,k] = B[k] + Σ_{r,s} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., k / (K/C)] · W[r,s,k]: each channel has K/C filters of its own.
// Blocks: thread i of the grid computes element i of Y.
// Macros: N, C, K, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT.
// Sums: taps (r,s) in order, each added by a fused multiply-add, then the bias.
extern "C" __global__ void conv2d_depthwise_fprop(const float* __restrict__ x, const float* __restrict__ weights, const float* __restrict__ b,
                                                  float* __restrict__ y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N * P * Q * K)
        return;
    const int k = i % K, q = i / K % Q, p = i / (K * Q) % P, n = i / (K * Q * P);
    float sum = 0;
    for (int r = 0; r < R; r++) {
        for (int s = 0; s < S; s++) {
            const int h = p * STRIDE_H + r * DILATION_H - PAD_TOP, w = q * STRIDE_W + s * DILATION_W - PAD_LEFT;
            if (h >= 0 && h < H && w >= 0 && w < W)
                sum = fmaf(x[((n * H + h) * W + w) * C + k / (K / C)], weights[(r * S + s) * K + k], sum);
        }
    }
    y[i] = sum + (b ? b[k] : 0.0f);
}
