// Y[n,p,q,c] = max, min, mean or sum of f(X) in a window; padding does not count. index, if there is one, gets r·S + s of the maximum or
// minimum, the first one if several are equal. A NaN in the window is its maximum and minimum.
// Blocks: thread i of the grid computes elements WIDTH · i to WIDTH · i + WIDTH − 1 of Y.
// Macros: KIND (of pool2d.cuh), N, C, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT, WIDTH (divides C), and those
// of activation.cuh and pool2d_place.cuh.
// Sums: a window's places (r,s) in order, for an average or a sum.
#include "activation.cuh"
#include "pool2d.cuh"
#include "pool2d_place.cuh"
#include "vector.cuh"

extern "C" __global__ void pool2d_fprop(const float* __restrict__ x, float* __restrict__ y, Place* __restrict__ index)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N * P * Q * C / WIDTH)
        return;
    const int c = i % (C / WIDTH) * WIDTH, q = i / (C / WIDTH) % Q, p = i / (C / WIDTH * Q) % P, n = i / (C / WIDTH * Q * P);
    Vector<WIDTH> best = {};
    Vector<WIDTH, Place> places = {};
    int count = 0;
    for (int r = 0; r < R; r++) {
        for (int s = 0; s < S; s++) {
            const int h = p * STRIDE_H + r * DILATION_H - PAD_TOP, w = q * STRIDE_W + s * DILATION_W - PAD_LEFT;
            if (h < 0 || h >= H || w < 0 || w >= W)
                continue;
            const Vector<WIDTH> values = load<WIDTH>(x + ((n * H + h) * W + w) * C + c);
            for (int j = 0; j < WIDTH; j++) {
                const float v = value(values.at[j]), b = best.at[j];
                if (KIND == AVERAGE || KIND == SUM) {
                    best.at[j] += v;
                } else if (count == 0 || (KIND == MAX ? v > b : v < b) || (isnan(v) && !isnan(b))) {
                    best.at[j] = v;
                    places.at[j] = r * S + s;
                }
            }
            count++;
        }
    }
    for (int j = 0; j < WIDTH && KIND == AVERAGE; j++)
        best.at[j] /= count;
    store(y + i * WIDTH, best);
    if (index)
        store(index + i * WIDTH, places);
}
