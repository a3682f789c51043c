// The groups of X [N P C] of a normalisation within examples.
// Blocks: row y of the threads of block x has group (x · GROUPS + y) mod G of example (x · GROUPS + y) / G, thread i of the row every THREADS-th vector
// of WIDTH values of the group from the i-th on. A row is a warp or all of the block.
// Macros: N, P, C, G (groups of the C channels), WIDTH (divides the channels of a group), THREADS (of a group, a power of two), GROUPS (of a block),
// EPSILON.
// Sums: values of a thread in order, then in double the threads of the group; see block.cuh and warp.cuh.
#include "block.cuh"
#include "vector.cuh"
#include "warp.cuh"

constexpr int CHANNELS = C / G, VALUES = P * CHANNELS;

typedef Vector<WIDTH> Values;

// group is that of the thread, N · G or more if it has none.
__device__ unsigned group() { return blockIdx.x * GROUPS + threadIdx.y; }

// load_channels has a factor for each of some channels, all of them otherwise if there are no factors.
__device__ Values load_channels(const float* factors, unsigned c, float otherwise)
{
    if (factors)
        return load<WIDTH>(factors + c);
    Values values;
    for (int j = 0; j < WIDTH; j++)
        values.at[j] = otherwise;
    return values;
}

// each_vector calls visit with where each of the thread's vectors lies, and with its first channel.
template <class Visit>
__device__ void each_vector(Visit visit)
{
    const unsigned first = group() % G * CHANNELS;
    for (size_t i = threadIdx.x * WIDTH; i < VALUES; i += THREADS * WIDTH) {
        const unsigned c = first + unsigned(i) % CHANNELS;
        visit((size_t(group() / G) * P + unsigned(i) / CHANNELS) * C + c, c);
    }
}

// group_mean is the mean over the thread's group of terms(i, c) for the vectors i from channel c on.
template <class Terms>
__device__ float group_mean(Terms terms)
{
    float sum = 0;
    each_vector([&](size_t i, unsigned c) {
        const Values values = terms(i, c);
        for (int j = 0; j < WIDTH; j++)
            sum += values.at[j];
    });
    return (THREADS == 32 ? warp_sum(double(sum)) : block_sum(sum)) / VALUES;
}
