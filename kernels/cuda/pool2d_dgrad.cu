// A pool's gradient by its input: each input position gathers from the windows that it lies in, from those whose maximum or minimum it
// was, or its share of an average, or all of a sum. pool2d_dgrad_chain takes DY · f′(V) in place of DY.
// Blocks: thread i of the grid computes elements WIDTH · i to WIDTH · i + WIDTH − 1 of DX.
// Macros: KIND (of pool2d.cuh), N, C, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT, WIDTH (divides C), and those
// of activation.cuh and pool2d_place.cuh.
// Sums: the windows by the place (r,s) that the position has in them, in order.
#include "activation.cuh"
#include "pool2d.cuh"
#include "pool2d_place.cuh"
#include "vector.cuh"

// covered is the number of a window's rows, or columns, that lie inside the image.
__device__ int covered(int first, int size, int dilation, int extent)
{
    const int before = first < 0 ? (dilation - 1 - first) / dilation : 0;
    return min(size, (extent - first + dilation - 1) / dilation) - before;
}

__device__ void gather(const float* v, const float* dy, const Place* index, float* dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N * H * W * C / WIDTH)
        return;
    const int c = i % (C / WIDTH) * WIDTH, w = i / (C / WIDTH) % W, h = i / (C / WIDTH * W) % H, n = i / (C / WIDTH * W * H);
    Vector<WIDTH> sum = {};
    for (int p = min((h + PAD_TOP) / STRIDE_H, P - 1); p >= 0; p--) {
        const int down = h + PAD_TOP - p * STRIDE_H, r = down / DILATION_H; // down is r · DILATION_H where the window has the position
        if (r >= R)
            break;
        for (int q = min((w + PAD_LEFT) / STRIDE_W, Q - 1); q >= 0; q--) {
            const int across = w + PAD_LEFT - q * STRIDE_W, s = across / DILATION_W;
            if (s >= S)
                break;
            if (down % DILATION_H || across % DILATION_W)
                continue;
            const int at = ((n * P + p) * Q + q) * C + c;
            Vector<WIDTH> gradients = load<WIDTH>(dy + at);
            if (v) {
                const Vector<WIDTH> from = load<WIDTH>(v + at);
                for (int j = 0; j < WIDTH; j++)
                    gradients.at[j] *= derivative(from.at[j]);
            }
            if (KIND == MAX || KIND == MIN) {
                const Vector<WIDTH, Place> places = load<WIDTH>(index + at);
                for (int j = 0; j < WIDTH; j++)
                    sum.at[j] += places.at[j] == r * S + s ? gradients.at[j] : 0.0f;
            } else {
                const int parts = KIND == SUM ? 1
                    : covered(p * STRIDE_H - PAD_TOP, R, DILATION_H, H) * covered(q * STRIDE_W - PAD_LEFT, S, DILATION_W, W);
                for (int j = 0; j < WIDTH; j++)
                    sum.at[j] += gradients.at[j] / parts;
            }
        }
    }
    store(dx + i * WIDTH, sum);
}

extern "C" __global__ void pool2d_dgrad(const float* __restrict__ dy, const Place* __restrict__ index, float* __restrict__ dx)
{
    gather(nullptr, dy, index, dx);
}

extern "C" __global__ void pool2d_dgrad_chain(const float* __restrict__ v, const float* __restrict__ dy, const Place* __restrict__ index,
                                              float* __restrict__ dx)
{
    gather(v, dy, index, dx);
}
