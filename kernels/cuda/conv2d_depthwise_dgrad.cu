// DX[n,h,w,c] = Σ DY[n,p,q,k] · W[r,s,k] over all p, q, r, s with h = p·STRIDE_H + r·DILATION_H − PAD_TOP, and w likewise, and the K/C filters k of
// channel c: each input position gathers from the outputs whose windows it lies in.
// Blocks: thread i of the grid computes element i of DX.
// Macros: N, C, K, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT.
// Sums: terms (r,s,k) in order, each added by a fused multiply-add.
extern "C" __global__ void conv2d_depthwise_dgrad(const float* __restrict__ dy, const float* __restrict__ weights, float* __restrict__ dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N * H * W * C)
        return;
    const int c = i % C, w = i / C % W, h = i / (C * W) % H, n = i / (C * W * H);
    float sum = 0;
    for (int r = 0; r < R; r++) {
        for (int s = 0; s < S; s++) {
            const int down = h + PAD_TOP - r * DILATION_H, across = w + PAD_LEFT - s * DILATION_W; // p · STRIDE_H, q · STRIDE_W
            const int p = down / STRIDE_H, q = across / STRIDE_W;
            if (down < 0 || across < 0 || down % STRIDE_H || across % STRIDE_W || p >= P || q >= Q)
                continue;
            for (int k = c * (K / C); k < (c + 1) * (K / C); k++)
                sum = fmaf(dy[((n * P + p) * Q + q) * K + k], weights[(r * S + s) * K + k], sum);
        }
    }
    dx[i] = sum;
}
