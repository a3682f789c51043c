// Y = X rounded to the nearest TF32 number (ties away from zero, kept as a float32) or bfloat16 (ties to even): X [A][B][C] as [A][B][PITCH]
// or, if TURNED, as [C][A][PITCH], with zeros behind the last axis. What is not finite stays so.
// Blocks: thread i of the grid computes element i of Y.
// Macros: A, B, C, TURNED, PITCH, BF16.
// Sums: none.
#include "narrow.cuh"

extern "C" __global__ void narrow(const float* __restrict__ x, Narrow* __restrict__ y)
{
    constexpr int ROWS = TURNED ? A : B, LENGTH = TURNED ? B : C;
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= (TURNED ? C : A) * ROWS * PITCH)
        return;
    const int last = i % PITCH, row = i / PITCH % ROWS, first = i / PITCH / ROWS;
    const float value = last >= LENGTH ? 0 : x[TURNED ? (row * B + last) * C + first : (first * B + row) * C + last];
    y[i] = rounded(value);
}
