// Y = Gamma · (X − Mean) / √(Variance + EPSILON) + Beta; no Gamma is 1, no Beta 0. batch_norm_fprop_chain adds the addend to that, if there is
// one, and takes f of it. No __restrict__: Y may be the addend.
// Blocks: as in columns.cuh.
// Macros: those of batch_norm.cuh, activation.cuh and stored.cuh.
// Sums: none.
#include "activation.cuh"
#include "batch_norm.cuh"
#include "stored.cuh"

struct Pair { Values x, addend; };

__device__ void normalise(const float* x, const Norm& norm, const float* addend, Stored* y)
{
    const unsigned c = first_column();
    each_row(
        [&](unsigned row) {
            Pair loaded = {load<WIDTH>(x + row * C + c), {}};
            if (addend)
                loaded.addend = load<WIDTH>(addend + row * C + c);
            return loaded;
        },
        [&](unsigned row, const Pair& loaded) {
            Vector<WIDTH, Stored> result;
#pragma unroll
            for (int i = 0; i < WIDTH; i++) {
                const float sum = normalised(norm, loaded.x.at[i], i);
                result.at[i] = stored(value(addend ? sum + loaded.addend.at[i] : sum));
            }
            store(y + row * C + c, result);
        });
}

extern "C" __global__ void batch_norm_fprop(const float* x, const float* mean, const float* variance, const float* gamma, const float* beta, Stored* y)
{
    normalise(x, norm_of(mean, variance, gamma, beta), nullptr, y);
}

extern "C" __global__ void batch_norm_fprop_chain(const float* x, const float* mean, const float* variance, const float* gamma, const float* beta,
                                                  const float* addend, Stored* y)
{
    normalise(x, norm_of(mean, variance, gamma, beta), addend, y);
}
