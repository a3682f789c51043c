// The parts of the gradients of a direct convolution, one for each block along x, as sum_parts.cu adds them up.
// Blocks: any.
// Macros: R, S, C, K.
// Sums: none.
#include "halt.cuh"

// store_part writes a block's sum for a tap (r,s,c) and a filter; behind the taps is the gradient by the bias, if it is asked for. Given halt, it halts training as
// finite_check.cu does.
__device__ void store_part(float sum, int tap, int k, const int* __restrict__ step, int* __restrict__ halt, float* __restrict__ parts,
                           float* __restrict__ bias_parts)
{
    constexpr int PART = (R * S * C * K + 3) / 4 * 4, BIAS_PART = (K + 3) / 4 * 4;
    if (tap < R * S * C)
        parts[blockIdx.x * PART + tap * K + k] = sum;
    else if (bias_parts)
        bias_parts[blockIdx.x * BIAS_PART + k] = sum;
    else
        return;
    if (halt && !is_summable(sum))
        halt_at(step, halt);
}
