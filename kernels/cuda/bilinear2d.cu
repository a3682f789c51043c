// Images enlarged by whole factors, and the gradient: Y[n,p,q,c] is a mean of the four pixels around it, and each pixel gathers from the
// values that it has a share of.
// Blocks: thread i of the grid computes element i of Y or DX.
// Macros: N, H, W, C, FACTOR_H, FACTOR_W.
// Sums: the pixels by rows, then columns; the values likewise.

// Tap is the two places between which a value lies, which are one at the border, and its share of the second.
struct Tap {
    int first, second;
    float before, behind;
};

// tap_of is that of place p of a line that was enlarged by a factor from some extent.
__device__ Tap tap_of(int p, int factor, int extent)
{
    int first = p / factor, part = 2 * (p % factor) + 1 - factor; // in halves of the factor, counted from the centre of the first
    if (part < 0) {
        first--;
        part += 2 * factor;
    }
    const float whole = 2 * factor;
    return {max(first, 0), min(first + 1, extent - 1), (2 * factor - part) / whole, part / whole};
}

// weight is the share of place i.
__device__ float weight(Tap tap, int i)
{
    return (tap.first == i ? tap.before : 0.0f) + (tap.second == i ? tap.behind : 0.0f);
}

extern "C" __global__ void bilinear2d_fprop(const float* __restrict__ x, float* __restrict__ y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x, P = H * FACTOR_H, Q = W * FACTOR_W;
    if (i >= N * P * Q * C)
        return;
    const int c = i % C, q = i / C % Q, p = i / (C * Q) % P, n = i / (C * Q * P);
    const Tap down = tap_of(p, FACTOR_H, H), across = tap_of(q, FACTOR_W, W);
    const float* top = x + ((n * H + down.first) * W) * C + c;
    const float* bottom = x + ((n * H + down.second) * W) * C + c;
    y[i] = down.before * across.before * top[across.first * C] + down.before * across.behind * top[across.second * C] +
           down.behind * across.before * bottom[across.first * C] + down.behind * across.behind * bottom[across.second * C];
}

extern "C" __global__ void bilinear2d_dgrad(const float* __restrict__ dy, float* __restrict__ dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x, P = H * FACTOR_H, Q = W * FACTOR_W;
    if (i >= N * H * W * C)
        return;
    const int c = i % C, w = i / C % W, h = i / (C * W) % H, n = i / (C * W * H);
    // The values up to half a pixel beyond this one have a part of it; what lies beyond the image is not counted up to, which might overflow.
    const int from_p = max(h * FACTOR_H - FACTOR_H / 2, 0), from_q = max(w * FACTOR_W - FACTOR_W / 2, 0);
    const int to_p = P - max((H - 1 - h) * FACTOR_H - FACTOR_H / 2, 0), to_q = Q - max((W - 1 - w) * FACTOR_W - FACTOR_W / 2, 0);
    float sum = 0;
    for (int p = from_p; p < to_p; p++) {
        const float down = weight(tap_of(p, FACTOR_H, H), h);
        for (int q = from_q; q < to_q; q++)
            sum += down * weight(tap_of(q, FACTOR_W, W), w) * dy[((n * P + p) * Q + q) * C + c];
    }
    dx[i] = sum;
}
