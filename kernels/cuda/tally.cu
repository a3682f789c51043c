// Adds a batch's losses and right answers to running totals; see tally.cuh.
// Blocks: one.
// Macros: THREADS (of the block).
// Sums: as there.
#include "tally.cuh"

extern "C" __global__ void tally(const float* __restrict__ loss, const float* __restrict__ scores, const int* __restrict__ labels,
                                 float* __restrict__ totals)
{
    add_to_tally(loss, scores, labels, totals);
}
