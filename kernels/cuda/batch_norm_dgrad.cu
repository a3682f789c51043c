// DX = Gamma / √(Variance + EPSILON) · (DY − DYSum / M − (X − Mean) / √(Variance + EPSILON) · DYXSum / M) at the M places of examples, 0
// elsewhere. batch_norm_dgrad_chain takes DY · f′(V) in place of DY = A + B; b may be null. See batch_norm_gradient.cuh. No __restrict__: DX may
// be DY.
// Blocks: as in columns.cuh.
// Macros: those of batch_norm.cuh, activation.cuh and stored.cuh.
// Sums: none. Counts are of integers.
#include "batch_norm_gradient.cuh"
#include "stored.cuh"

__device__ void normalise_back(const Gradient& gradient, const int* labels, const float* variance, const float* dy_sum, const float* dyx_sum,
                               Stored* dx)
{
    const unsigned c = first_column();
    const float places = count(labels);
    Values shift = {}, slope = {};
    for (int i = 0; i < WIDTH && c + i < C; i++) {
        shift.at[i] = dy_sum[c + i] / places;
        slope.at[i] = dyx_sum[c + i] / places / root(variance, c + i);
    }
    each_row([&](unsigned row) { return gradient.load_row(row); },
             [&](unsigned row, const Loaded& loaded) {
                 const bool counts = is_counted(labels, row);
                 const Values gradients = gradient.of(loaded);
                 Vector<WIDTH, Stored> result;
                 for (int i = 0; i < WIDTH; i++) {
                     const float change = gradients.at[i] - shift.at[i] - (loaded.x.at[i] - gradient.norm.center.at[i]) * slope.at[i];
                     result.at[i] = stored(counts ? change * gradient.norm.scale.at[i] : 0.0f);
                 }
                 store(dx + row * C + c, result);
             });
}

extern "C" __global__ void batch_norm_dgrad(const float* x, const int* labels, const float* mean, const float* variance, const float* gamma,
                                            const float* dy, const float* dy_sum, const float* dyx_sum, Stored* dx)
{
    normalise_back({x, nullptr, dy, nullptr, norm_of(mean, variance, gamma, nullptr)}, labels, variance, dy_sum, dyx_sum, dx);
}

extern "C" __global__ void batch_norm_dgrad_chain(const float* x, const int* labels, const float* mean, const float* variance, const float* gamma,
                                                  const float* beta, const float* v, const float* a, const float* b, const float* dy_sum,
                                                  const float* dyx_sum, Stored* dx)
{
    normalise_back({x, v, a, b, norm_of(mean, variance, gamma, beta)}, labels, variance, dy_sum, dyx_sum, dx);
}
