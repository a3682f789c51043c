// DGamma[c] += Σ DY[n,p,c] · (X[n,p,c] − Mean[n,g]) / √(Variance[n,g] + EPSILON) for the group g of channel c.
// Blocks: as in columns.cuh; group_norm_wgrad_sum combines slices.
// Macros: P, G (groups of the C channels), EPSILON, and those of columns.cuh.
// Sums: as in columns.cuh.
#include "columns.cuh"

struct Pair { Values x, dy; };

extern "C" __global__ void group_norm_wgrad(const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ variance,
                                            const float* __restrict__ dy, float* __restrict__ dgamma, float* __restrict__ parts)
{
    const unsigned c = first_column();
    Values sum = {};
    each_row([&](unsigned row) { return Pair{load<WIDTH>(x + row * C + c), load<WIDTH>(dy + row * C + c)}; },
             [&](unsigned row, const Pair& loaded) {
                 for (int i = 0; i < WIDTH; i++) {
                     const unsigned group = row / P * G + (c + i) / (C / G);
                     sum.at[i] += loaded.dy.at[i] * (loaded.x.at[i] - mean[group]) / sqrtf(variance[group] + EPSILON);
                 }
             });
    sum = reduce_block(sum, add<WIDTH>);
    if (threadIdx.y == 0 && c < C)
        store(parts + size_t(blockIdx.x / COLUMN_BLOCKS) * C + c, sum);
}

extern "C" __global__ void group_norm_wgrad_sum(const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ variance,
                                                const float* __restrict__ dy, float* __restrict__ dgamma, const float* __restrict__ parts)
{
    const Vector<1> sum = combine_slices(Vector<1>{}, [&](size_t at) { return Vector<1>{parts[at]}; }, add<1>);
    const unsigned c = blockIdx.x * COMBINE_X + threadIdx.x;
    if (threadIdx.y == 0 && c < C)
        dgamma[c] += sum.at[0];
}
