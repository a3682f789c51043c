// Y[n,p,q,c] = max, min, mean or sum of a window of X; padding does not count. index, if there is one, gets r·S + s of the maximum or
// minimum, the first one if several are equal. A NaN in the window is its maximum and minimum.
// Blocks: thread i of the grid computes element i of Y.
// Macros: KIND (of pool2d.cuh), N, C, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT.
// Sums: a window's places (r,s) in order, for an average or a sum.
#include "pool2d.cuh"

extern "C" __global__ void pool2d_fprop(const float* __restrict__ x, float* __restrict__ y, int* __restrict__ index)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N * P * Q * C)
        return;
    const int c = i % C, q = i / C % Q, p = i / (C * Q) % P, n = i / (C * Q * P);
    float best = 0;
    int place = -1, count = 0;
    for (int r = 0; r < R; r++) {
        for (int s = 0; s < S; s++) {
            const int h = p * STRIDE_H + r * DILATION_H - PAD_TOP, w = q * STRIDE_W + s * DILATION_W - PAD_LEFT;
            if (h < 0 || h >= H || w < 0 || w >= W)
                continue;
            const float value = x[((n * H + h) * W + w) * C + c];
            count++;
            if (KIND == AVERAGE || KIND == SUM) {
                best += value;
            } else if (place < 0 || (KIND == MAX ? value > best : value < best) || (isnan(value) && !isnan(best))) {
                best = value;
                place = r * S + s;
            }
        }
    }
    y[i] = KIND == AVERAGE ? best / count : best;
    if (index)
        index[i] = place;
}
