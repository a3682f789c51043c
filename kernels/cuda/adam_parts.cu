// One step of Adam for every weight, whose gradient is the sum of its parts or, where there are none, what DW holds, if there is one, else 0. See
// parts.cuh. If there are copies of weights that are rounded for tensor cores, they follow.
// Blocks: the last one adds the batch to the tally of tally.cuh, if there is one. Those from a segment's first on update its weights, WIDTH of them by as many threads as share their sums; the last thread of each block computes
// the step's rate, in double as the CPU does, while the parts are on their way.
// Macros: BETA1, BETA2, EPSILON, TALLIES (whether there is one).
// Sums: a thread's slices in order, then the threads of an element in order.
#include "parts.cuh"
#include "rounded_copies.cuh"
#include "tally.cuh"

extern "C" __global__ void adam_parts(float* __restrict__ weights, float* __restrict__ m, float* __restrict__ v, const float* __restrict__ parts,
                                      const float* __restrict__ dw, const float* __restrict__ rate, const int* __restrict__ step, const int* __restrict__ halt,
                                      const float* __restrict__ loss, const float* __restrict__ scores, const int* __restrict__ labels, float* __restrict__ totals,
                                      Narrow* __restrict__ rounded_weights)
{
    if (TALLIES && blockIdx.x == gridDim.x - 1) {
        add_to_tally(loss, scores, labels, totals);
        return;
    }
    __shared__ float alpha;
    const bool is_halted = *halt;
    const Elements e = load_elements(parts);
    Vector weight{}, mean{}, square{}, other{};
    if (e.are_computed) {
        weight = Vector::in(weights + e.first);
        mean = Vector::in(m + e.first);
        square = Vector::in(v + e.first);
        if (dw)
            other = Vector::in(dw + e.first);
    }
    if (threadIdx.x == THREADS - 1)
        alpha = *rate * sqrt(1 - pow(BETA2, (double)*step)) / (1 - pow(BETA1, (double)*step));
    const Vector sum = sum_of(e);
    __syncthreads();
    if (!e.are_computed || is_halted)
        return;
#pragma unroll
    for (int w = 0; w < WIDTH; w++) {
        const float g = w < e.with_parts ? sum.at[w] : other.at[w];
        mean.at[w] += (float)(1 - BETA1) * (g - mean.at[w]);
        square.at[w] += (float)(1 - BETA2) * (g * g - square.at[w]);
        weight.at[w] -= alpha * mean.at[w] / (sqrtf(square.at[w]) + (float)EPSILON);
    }
    Vector::in(m + e.first) = mean;
    Vector::in(v + e.first) = square;
    Vector::in(weights + e.first) = weight;
#pragma unroll
    for (int w = 0; rounded_weights && w < WIDTH; w++)
        store_copies(rounded_weights, e.first + w, weight.at[w]);
}
