// Y = X above 0, else A·X, with its gradient by X and the terms of that by A.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS, K (columns, each with its slope).
// Sums: none.
extern "C" __global__ void prelu_fprop(const float* x, const float* a, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = x[i] > 0 ? x[i] : a[i % K] * x[i];
}

extern "C" __global__ void prelu_dgrad(const float* x, const float* a, const float* dy, float* dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        dx[i] = x[i] > 0 ? dy[i] : a[i % K] * dy[i];
}

extern "C" __global__ void prelu_terms(const float* x, const float* dy, float* t)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        t[i] = x[i] > 0 ? 0 : x[i] * dy[i];
}
