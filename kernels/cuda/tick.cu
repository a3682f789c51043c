// Step += 1: counts a training step, the batch of the epoch, and takes its learning rate; null where there is none to count.
// Blocks: one thread.
// Macros: none.
// Sums: none.
#include "overlap.cuh"

extern "C" __global__ void tick(int* step, int* at, const float* __restrict__ rates, float* rate)
{
    let_later_begin();
    if (step)
        ++*step;
    if (at)
        ++at[0];
    if (rates)
        *rate = rates[min(at[0], at[1]) - 1];
}
