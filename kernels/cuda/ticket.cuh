// A ticket counts the blocks of a launch that have come to a point. It is 0 before the launch and after it.
// Blocks: any number along x and y.
// Macros: none.
// Sums: none but of integers.

// comes_last says whether all other blocks have called it, each with one thread: what the block does then comes after all that those threads did before.
__device__ inline bool comes_last(unsigned* ticket)
{
    const unsigned last = gridDim.x * gridDim.y - 1;
    __threadfence();
    return atomicInc(ticket, last) == last;
}
