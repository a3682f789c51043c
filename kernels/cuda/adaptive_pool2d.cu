// A pool that makes P rows and Q columns of images of any size, and its gradient by the input. Output (p, q) sees the rows from floor(p · H / P) to
// below ceil((p + 1) · H / P) and the columns likewise. index, if there is one, has r · S + s of the maximum or minimum in its window, the first one
// if several are equal. A NaN in the window is its maximum and minimum.
// Blocks: thread i of the grid computes element i of Y, or of DX.
// Macros: KIND (of pool2d.cuh), N, C, H, W, P, Q, S (columns of the largest window).
// Sums: a window's places (r,s) in order, for an average or a sum; in the gradient the windows (p,q) in order.
#include "pool2d.cuh"

struct Part { int from, to; };

// part_of is the i-th of parts parts of an extent.
__device__ Part part_of(long long i, int parts, int extent)
{
    return {int(i * extent / parts), int(((i + 1) * extent + parts - 1) / parts)};
}

extern "C" __global__ void adaptive_pool2d_fprop(const float* __restrict__ x, float* __restrict__ y, int* __restrict__ index)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N * P * Q * C)
        return;
    const int c = i % C, q = i / C % Q, p = i / (C * Q) % P, n = i / (C * Q * P);
    const Part rows = part_of(p, P, H), columns = part_of(q, Q, W);
    float best = 0;
    int place = -1;
    for (int h = rows.from; h < rows.to; h++) {
        for (int w = columns.from; w < columns.to; w++) {
            const float value = x[((n * H + h) * W + w) * C + c];
            if (KIND == AVERAGE || KIND == SUM) {
                best += value;
            } else if (place < 0 || (KIND == MAX ? value > best : value < best) || (isnan(value) && !isnan(best))) {
                best = value;
                place = (h - rows.from) * S + w - columns.from;
            }
        }
    }
    y[i] = KIND == AVERAGE ? best / ((rows.to - rows.from) * (columns.to - columns.from)) : best;
    if (index)
        index[i] = place;
}

extern "C" __global__ void adaptive_pool2d_dgrad(const float* __restrict__ dy, const int* __restrict__ index, float* __restrict__ dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= N * H * W * C)
        return;
    const int c = i % C, w = i / C % W, h = i / (C * W) % H, n = i / (C * W * H);
    // The windows that place (h, w) lies in: parts of the outputs are cut as those of the inputs are.
    const Part down = part_of(h, H, P), across = part_of(w, W, Q);
    float sum = 0;
    for (int p = down.from; p < down.to; p++) {
        for (int q = across.from; q < across.to; q++) {
            const Part rows = part_of(p, P, H), columns = part_of(q, Q, W);
            const int at = ((n * P + p) * Q + q) * C + c;
            if (KIND == SUM)
                sum += dy[at];
            else if (KIND != AVERAGE)
                sum += index[at] == (h - rows.from) * S + w - columns.from ? dy[at] : 0.0f;
            else
                sum += dy[at] / ((rows.to - rows.from) * (columns.to - columns.from));
        }
    }
    dx[i] = sum;
}
