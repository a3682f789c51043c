// Y[n,p,q,k] = f(B[k] + Σ_{r,s,c} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., g·C/GROUPS + c] · W[k,r,s,c]), where filter k is of group g, on
// tensor cores: X has pixels of PITCH channels, W filters of so many or, in groups, C/GROUPS. If POOLED, Y is the maximum, minimum, average or sum of
// each window of 2 × 2 positions, side by side, and index, if there is one, gets the place of the maximum or minimum, as in pool2d_fprop.cu.
// Blocks: a tile of rows, the output positions (n,p,q), and of columns, the filters of a group behind those of the one before, each in
// GROUP_TILES whole tiles; those of the same rows are neighbours. See conv2d_product.cuh.
// Macros: N, C, K, GROUPS, GROUP_TILES, ROW_TILES, PITCH, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT, KIND (of pool2d.cuh), and
// those of activation.cuh.
// Sums: terms (r,s,c) in order, 8 or 16 at once as a tensor core adds them, in slices, then the bias; the places of a window in order.
#include "activation.cuh"
#include "conv2d_product.cuh"
#include "overlap.cuh"
#include "pool2d.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
conv2d_product_fprop(const Narrow* __restrict__ x, const Narrow* __restrict__ weights, const float* __restrict__ b, Stored* __restrict__ y,
                     unsigned char* __restrict__ index)
{
    constexpr unsigned CHANNELS = GROUPS > 1 ? C / GROUPS : PITCH, FILTERS = K / GROUPS;
    constexpr unsigned RESULTS = N * (POOLED ? (P / 2) * (Q / 2) : P * Q);
    const unsigned tile = blockIdx.x % (GROUPS * GROUP_TILES), group = tile / GROUP_TILES;
    const Factors<PITCH, CHANNELS, R * S * CHANNELS, CHANNELS, FILTERS> factors{x + group * CHANNELS, weights + (size_t)group * FILTERS * R * S * CHANNELS};
    const Axis down{POOLED ? P / 2 * 2 : P, H, -PAD_TOP, STRIDE_H, R, DILATION_H, 0, 1};
    const Axis across{POOLED ? Q / 2 * 2 : Q, W, -PAD_LEFT, STRIDE_W, S, DILATION_W, 0, 1};
    let_later_begin();
    wait_for_earlier();
    product(factors, down, across, S, RESULTS, blockIdx.x / (GROUPS * GROUP_TILES), tile % GROUP_TILES * TILE_COLUMNS,
            [=](unsigned, unsigned k) {
                Vector<4> bias = {};
#pragma unroll
                for (unsigned i = 0; i < 4; i++)
                    if (b && i < FILTERS - k)
                        bias.at[i] = b[group * FILTERS + k + i];
                return bias;
            },
            [=](unsigned result, unsigned k, const Vector<4>(&sums)[TOGETHER], Vector<4> bias) {
                const unsigned there = FILTERS - k, column = group * FILTERS + k;
                Vector<4> best;
                Vector<4, unsigned char> places = {};
#pragma unroll
                for (int i = 0; i < 4; i++) {
#pragma unroll
                    for (int place = 0; place < TOGETHER; place++) {
                        const float v = value(sums[place].at[i] + bias.at[i]), top = best.at[i];
                        if (place == 0) {
                            best.at[i] = v;
                        } else if (KIND == AVERAGE || KIND == SUM) {
                            best.at[i] += v;
                        } else if ((KIND == MAX ? v > top : v < top) || (isnan(v) && !isnan(top))) {
                            best.at[i] = v;
                            places.at[i] = place;
                        }
                    }
                    if (KIND == AVERAGE && POOLED)
                        best.at[i] /= TOGETHER;
                }
                store4(y + (size_t)result * K + column, stored4(best), there);
                if (index)
                    store4(index + (size_t)result * K + column, places, there);
            });
}
