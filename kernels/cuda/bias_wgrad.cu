// DB[k] += Σ_m DY[m,k].
// Blocks: as in columns.cuh; bias_wgrad_sum combines slices.
// Macros: those of columns.cuh.
// Sums: as in columns.cuh.
#include "columns.cuh"
#include "overlap.cuh"

extern "C" __global__ void bias_wgrad(const float* __restrict__ dy, float* __restrict__ db, float* __restrict__ parts)
{
    let_later_begin();
    const unsigned k = first_column();
    Values sum = {};
    each_row([&](unsigned row) { return load<WIDTH>(dy + row * C + k); }, [&](unsigned, const Values& loaded) { add(sum, loaded); });
    sum = reduce_block(sum, add<WIDTH>);
    if (threadIdx.y == 0 && k < C)
        store(parts + size_t(blockIdx.x / COLUMN_BLOCKS) * C + k, sum);
}

extern "C" __global__ void bias_wgrad_sum(const float* __restrict__ dy, float* __restrict__ db, const float* __restrict__ parts)
{
    wait_for_earlier();
    const Vector<1> sum = combine_slices(Vector<1>{}, [&](size_t at) { return Vector<1>{parts[at]}; }, add<1>);
    const unsigned k = blockIdx.x * COMBINE_X + threadIdx.x;
    if (threadIdx.y == 0 && k < C)
        db[k] += sum.at[0];
}
