// Y = min(X, MOST) where X > THRESHOLD, else SLOPE · (X − THRESHOLD), with its gradient by X. A MOST of 0 is no limit. A SLOPE of 0 makes 0 of −∞, and
// leaves NaN.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS, THRESHOLD, SLOPE, MOST.
// Sums: none.
extern "C" __global__ void threshold_relu_fprop(const float* __restrict__ x, float* __restrict__ y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS)
        return;
    const float v = x[i];
    if (v > THRESHOLD)
        y[i] = MOST > 0 && v > MOST ? MOST : v;
    else
        y[i] = SLOPE > 0 ? SLOPE * (v - THRESHOLD) : isnan(v) ? v : 0.0f;
}

extern "C" __global__ void threshold_relu_dgrad(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__ dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS)
        return;
    const float v = x[i];
    if (v > THRESHOLD)
        dx[i] = MOST > 0 && v >= MOST ? 0.0f : dy[i];
    else
        dx[i] = SLOPE * dy[i];
}
