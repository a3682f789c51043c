// DW[begin + i] += Σ_slice PARTS[where + slice · pitch + i] for each segment, of which i numbers the elements.
// Blocks: those from a segment's first on compute its elements, one each thread.
// Macros: SEGMENTS, SEGMENT_COUNT.
// Sums: slices in order, then what was there.
#include "parts.cuh"

extern "C" __global__ void sum_parts(const float* __restrict__ parts, float* __restrict__ dw)
{
    const Segment segment = segment_of(blockIdx.x);
    const int i = (blockIdx.x - segment.first_block) * blockDim.x + threadIdx.x;
    if (i < segment.count)
        dw[segment.begin + i] += sum_of_parts(segment, parts, i);
}
