// Y = A + B. No __restrict__: Y may be A or B.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS.
// Sums: none.
extern "C" __global__ void add(const float* a, const float* b, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = a[i] + b[i];
}
