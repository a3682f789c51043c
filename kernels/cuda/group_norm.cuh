// The groups of X [N P C] of a normalisation within examples.
// Blocks: block x of the grid has group x mod G of example x / G, thread i of it every THREADS-th value of the group from i on.
// Macros: P, C, G (groups of the C channels), THREADS (of a block, a power of two), EPSILON.
// Sums: values of a thread in order, then in double the threads of the block; see block.cuh.
#include "block.cuh"

constexpr int CHANNELS = C / G, VALUES = P * CHANNELS;

// each_value calls visit with where each of the thread's values lies, and with its channel.
template <class Visit>
__device__ void each_value(Visit visit)
{
    const unsigned first = blockIdx.x % G * CHANNELS;
    for (size_t i = threadIdx.x; i < VALUES; i += THREADS) {
        const unsigned c = first + unsigned(i) % CHANNELS;
        visit((size_t(blockIdx.x / G) * P + unsigned(i) / CHANNELS) * C + c, c);
    }
}

// group_mean is the mean over the block's group of term(i, c) for the values i of channels c.
template <class Term>
__device__ float group_mean(Term term)
{
    float sum = 0;
    each_value([&](size_t i, unsigned c) { sum += term(i, c); });
    return block_sum(sum) / VALUES;
}
