// DYSum[c] = Σ DY[n,p,c] and DYXSum[c] = Σ DY[n,p,c] · (X[n,p,c] − Mean[c]) / √(Variance[c] + EPSILON) over the places of examples.
// batch_norm_sums_chain takes DY · f′(V) in place of DY = A + B, keeps that in ds, and adds the sums to dbeta and dgamma; b, ds, dbeta and dgamma
// may be null. See batch_norm_gradient.cuh. No __restrict__: ds may be A or B.
// Blocks: as in columns.cuh; batch_norm_sums_sum and batch_norm_sums_chain_sum combine slices.
// Macros: those of batch_norm.cuh and activation.cuh.
// Sums: as in columns.cuh.
#include "batch_norm_gradient.cuh"

template <int COLUMNS>
struct Sums { Vector<COLUMNS> dy, dyx; };

template <int COLUMNS>
__device__ void add_sums(Sums<COLUMNS>& a, const Sums<COLUMNS>& b)
{
    add(a.dy, b.dy);
    add(a.dyx, b.dyx);
}

// The parts of the second sum lie behind those of the first.
constexpr size_t BEHIND = size_t(SLICES) * C;

__device__ void sum_slice(const Gradient& gradient, const int* labels, float* ds, float* parts)
{
    const unsigned c = first_column();
    Sums<WIDTH> sums = {};
    each_row([&](unsigned row) { return gradient.load_row(row); },
             [&](unsigned row, const Loaded& loaded) {
                 const Values dy = gradient.of(loaded);
                 if (ds)
                     store(ds + row * C + c, dy);
                 if (is_counted(labels, row))
                     for (int i = 0; i < WIDTH; i++) {
                         sums.dy.at[i] += dy.at[i];
                         sums.dyx.at[i] += dy.at[i] * (loaded.x.at[i] - gradient.norm.center.at[i]);
                     }
             });
    sums = reduce_block(sums, add_sums<WIDTH>);
    if (threadIdx.y > 0 || c >= C)
        return;
    float* to = parts + size_t(blockIdx.x / COLUMN_BLOCKS) * C + c;
    store(to, sums.dy);
    store(to + BEHIND, sums.dyx);
}

__device__ void combine(const float* variance, float* dy_sum, float* dyx_sum, float* dgamma, float* dbeta, const float* parts)
{
    const Sums<1> sums =
        combine_slices(Sums<1>{}, [&](size_t at) { return Sums<1>{{parts[at]}, {parts[at + BEHIND]}}; }, add_sums<1>);
    const unsigned c = blockIdx.x * COMBINE_X + threadIdx.x;
    if (threadIdx.y > 0 || c >= C)
        return;
    const float dyx = sums.dyx.at[0] / root(variance, c);
    dy_sum[c] = sums.dy.at[0];
    dyx_sum[c] = dyx;
    if (dgamma)
        dgamma[c] += dyx;
    if (dbeta)
        dbeta[c] += sums.dy.at[0];
}

extern "C" __global__ void batch_norm_sums(const float* x, const int* labels, const float* mean, const float* variance, const float* dy,
                                           float* dy_sum, float* dyx_sum, float* parts)
{
    sum_slice({x, nullptr, dy, nullptr, norm_of(mean, variance, nullptr, nullptr)}, labels, nullptr, parts);
}

extern "C" __global__ void batch_norm_sums_sum(const float* x, const int* labels, const float* mean, const float* variance, const float* dy,
                                               float* dy_sum, float* dyx_sum, const float* parts)
{
    combine(variance, dy_sum, dyx_sum, nullptr, nullptr, parts);
}

extern "C" __global__ void batch_norm_sums_chain(const float* x, const int* labels, const float* mean, const float* variance, const float* gamma,
                                                 const float* beta, const float* v, const float* a, const float* b, float* ds, float* dy_sum,
                                                 float* dyx_sum, float* dgamma, float* dbeta, float* parts)
{
    sum_slice({x, v, a, b, norm_of(mean, variance, gamma, beta)}, labels, ds, parts);
}

extern "C" __global__ void batch_norm_sums_chain_sum(const float* x, const int* labels, const float* mean, const float* variance,
                                                     const float* gamma, const float* beta, const float* v, const float* a, const float* b,
                                                     float* ds, float* dy_sum, float* dyx_sum, float* dgamma, float* dbeta, const float* parts)
{
    combine(variance, dy_sum, dyx_sum, dgamma, dbeta, parts);
}
