// A pool's gradient by its input: each input position gathers from the windows that it lies in, from those whose maximum or minimum it
// was, or its share of an average, or all of a sum.
// Blocks: thread i of the grid computes element i of DX.
// Macros: KIND (of pool2d.cuh), N, C, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT.
// Sums: the windows by the place (r,s) that the position has in them, in order.
#include "pool2d.cuh"

// covered is the number of a window's rows, or columns, that lie inside the image.
__device__ int covered(int first, int size, int dilation, int extent)
{
    int count = 0;
    for (int i = 0; i < size; i++)
        count += first + i * dilation >= 0 && first + i * dilation < extent;
    return count;
}

extern "C" __global__ void pool2d_dgrad(const float* __restrict__ dy, const int* __restrict__ index, float* __restrict__ dx)
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
            const int at = ((n * P + p) * Q + q) * C + c;
            if (KIND == SUM)
                sum += dy[at];
            else if (KIND != AVERAGE)
                sum += index[at] == r * S + s ? dy[at] : 0.0f;
            else
                sum += dy[at] / (covered(p * STRIDE_H - PAD_TOP, R, DILATION_H, H) *
                                 covered(q * STRIDE_W - PAD_LEFT, S, DILATION_W, W));
        }
    }
    dx[i] = sum;
}
