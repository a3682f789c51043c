// Y = f(X), and DX = DY · f′(X) from V, which is X or Y. No __restrict__: the operands may be the same buffer.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS, and those of activation.cuh.
// Sums: none.
#include "activation.cuh"

extern "C" __global__ void activation_fprop(const float* x, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = value(x[i]);
}

extern "C" __global__ void activation_dgrad(const float* v, const float* dy, float* dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        dx[i] = dy[i] * derivative(v[i]);
}
