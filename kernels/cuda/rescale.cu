// Y = SCALE · X + OFFSET. No __restrict__: X and Y may be the same buffer.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS, SCALE, OFFSET.
// Sums: none.
extern "C" __global__ void rescale(const float* x, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = SCALE * x[i] + OFFSET;
}
