// Y = 0, of any type of four bytes.
// Blocks: thread i of the grid sets element i.
// Macros: ELEMENTS.
// Sums: none.
extern "C" __global__ void zero(unsigned* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = 0;
}
