// Y = A + B. No __restrict__: Y may be A or B.
// Blocks: thread i of the grid computes elements WIDTH · i to WIDTH · i + WIDTH − 1.
// Macros: ELEMENTS, WIDTH (divides it).
// Sums: none.
#include "vector.cuh"

extern "C" __global__ void add(const float* a, const float* b, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS / WIDTH)
        return;
    Vector<WIDTH> sums = load<WIDTH>(a + i * WIDTH);
    add(sums, load<WIDTH>(b + i * WIDTH));
    store(y + i * WIDTH, sums);
}
