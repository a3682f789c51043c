// Halt = Step if X holds a NaN or an infinity and Halt is 0.
// Blocks: each of finite_check says whether it found one, thread i of the grid among every (threads of the grid)-th element from i on; the
// one block of finite_check_halt looks at what they say.
// Macros: ELEMENTS, BLOCKS (of finite_check).
// Sums: none.
#include "overlap.cuh"

extern "C" __global__ void finite_check(const float* __restrict__ x, const int* __restrict__ step, int* __restrict__ halt, int* __restrict__ found)
{
    bool bad = false;
    let_later_begin();
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < ELEMENTS; i += gridDim.x * blockDim.x)
        bad |= !isfinite(x[i]);
    bad = __syncthreads_or(bad);
    if (threadIdx.x == 0)
        found[blockIdx.x] = bad;
}

extern "C" __global__ void finite_check_halt(const float* __restrict__ x, const int* __restrict__ step, int* __restrict__ halt,
                                             const int* __restrict__ found)
{
    bool bad = false;
    wait_for_earlier();
    for (size_t i = threadIdx.x; i < BLOCKS; i += blockDim.x)
        bad |= found[i] != 0;
    bad = __syncthreads_or(bad);
    if (threadIdx.x == 0 && bad)
        atomicCAS(halt, 0, *step); // others may raise it at the same time
}
