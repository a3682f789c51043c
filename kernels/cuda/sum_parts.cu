// DW[i] += Σ_slice PARTS[slice's i] for each element that has parts or, if OVERWRITES, DW[i] = the sum, 0 where there are none. See parts.cuh.
// Blocks: those from a segment's first on compute its elements, WIDTH of them by as many threads as share their sums.
// Macros: OVERWRITES.
// Sums: a thread's slices in order, then the threads of an element in order, then what was there.
#include "parts.cuh"

extern "C" __global__ void sum_parts(const float* __restrict__ parts, float* __restrict__ dw)
{
    const Elements e = load_elements(parts);
    const Vector sum = sum_of(e);
    if (!e.are_computed)
        return;
#pragma unroll
    for (int w = 0; w < WIDTH; w++) {
        float& gradient = dw[e.first + w];
        if (w < e.with_parts)
            gradient = OVERWRITES ? sum.at[w] : gradient + sum.at[w];
        else if (OVERWRITES)
            gradient = 0;
    }
}
