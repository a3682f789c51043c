// Y[n,p,q,k] = B[k] + Σ_{r,s,c} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., g·C/GROUPS + c] · W[k,r,s,c], where filter k is of group g, on tensor
// cores: X has pixels of PITCH channels, W filters of so many or, in groups, C/GROUPS.
// Blocks: a tile of rows, the output positions (n,p,q), and of columns, the filters of a group behind those of the one before, each in
// GROUP_TILES whole tiles; those of the same rows are neighbours. See conv2d_product.cuh.
// Macros: N, C, K, GROUPS, GROUP_TILES, PITCH, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP,
// PAD_LEFT.
// Sums: terms (r,s,c) in order, 8 or 16 at once as a tensor core adds them, then the bias.
#include "conv2d_product.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
conv2d_product_fprop(const Narrow* __restrict__ x, const Narrow* __restrict__ weights, const float* __restrict__ b, float* __restrict__ y)
{
    constexpr unsigned CHANNELS = GROUPS > 1 ? C / GROUPS : PITCH, FILTERS = K / GROUPS;
    const unsigned tile = blockIdx.x % (GROUPS * GROUP_TILES), group = tile / GROUP_TILES;
    const Factors<PITCH, CHANNELS, R * S * CHANNELS, CHANNELS, FILTERS> factors{x + group * CHANNELS, weights + (size_t)group * FILTERS * R * S * CHANNELS};
    const Axis down{P, H, -PAD_TOP, STRIDE_H, R, DILATION_H, 0, 1}, across{Q, W, -PAD_LEFT, STRIDE_W, S, DILATION_W, 0, 1};
    product(factors, down, across, S, N * P * Q, blockIdx.x / (GROUPS * GROUP_TILES) * TILE_ROWS, tile % GROUP_TILES * TILE_COLUMNS,
            [=](unsigned position, unsigned k, float4 sums) {
                const unsigned there = FILTERS - k;
                const float* bias = b + group * FILTERS + k;
                if (b)
                    sums = {sums.x + bias[0], sums.y + (there > 1 ? bias[1] : 0), sums.z + (there > 2 ? bias[2] : 0), sums.w + (there > 3 ? bias[3] : 0)};
                store4(y + (size_t)position * K + group * FILTERS + k, sums, there);
            });
}
