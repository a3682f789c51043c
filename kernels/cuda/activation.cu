// Y = f(X) and DX = DY · f′(X), from Y alone. No __restrict__: the operands may be the same buffer.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS, ALPHA (the parameter of f, 0 if it has none), VALUE (f(x), an expression in x and alpha), DERIVATIVE (f′(x), one in
// y = f(x) and alpha).
// Sums: none.

// between is the number from low to high that is nearest to x; NaN stays.
__device__ float between(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

// softsign treats an infinite x as 1e30, so that it does not divide by infinity.
__device__ float softsign(float x)
{
    const float limited = between(x, -1e30f, 1e30f);
    return limited / (1 + fabsf(limited));
}

__device__ float value(float x, float alpha) { return VALUE; }

__device__ float derivative(float y, float alpha) { return DERIVATIVE; }

extern "C" __global__ void activation_fprop(const float* x, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = value(x[i], ALPHA);
}

extern "C" __global__ void activation_dgrad(const float* y, const float* dy, float* dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        dx[i] = dy[i] * derivative(y[i], ALPHA);
}
