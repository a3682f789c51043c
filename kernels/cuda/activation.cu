// Y = f(X), and DX = DY · f′(X) from V, which is X or Y. No __restrict__: the operands may be the same buffer.
// Blocks: thread i of the grid computes elements WIDTH · i to WIDTH · i + WIDTH − 1.
// Macros: ELEMENTS, WIDTH (divides it), and those of activation.cuh.
// Sums: none.
#include "activation.cuh"
#include "vector.cuh"

extern "C" __global__ void activation_fprop(const float* x, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS / WIDTH)
        return;
    Vector<WIDTH> values = load<WIDTH>(x + i * WIDTH);
#pragma unroll
    for (int j = 0; j < WIDTH; j++)
        values.at[j] = value(values.at[j]);
    store(y + i * WIDTH, values);
}

extern "C" __global__ void activation_dgrad(const float* v, const float* dy, float* dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS / WIDTH)
        return;
    const Vector<WIDTH> from = load<WIDTH>(v + i * WIDTH);
    Vector<WIDTH> gradients = load<WIDTH>(dy + i * WIDTH);
#pragma unroll
    for (int j = 0; j < WIDTH; j++)
        gradients.at[j] *= derivative(from.at[j]);
    store(dx + i * WIDTH, gradients);
}
