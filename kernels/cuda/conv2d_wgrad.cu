// DW[r,s,c,k] += Σ_{n,p,q} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., g·C/GROUPS + c] · DY[n,p,q,k], where filter k is of group g. There are
// far more positions (n,p,q) than weights, so SLICES blocks share the sum for a tile.
// Blocks: a tile of rows (r,s,c) and of columns, the filters of a group behind those of the one before, each in GROUP_TILES whole tiles, see
// tile.cuh, for slice z of the positions; thread i of conv2d_wgrad_sum computes element i.
// Macros: N, C, K, GROUPS, GROUP_TILES, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT, SLICE (positions of a slice), SLICES.
// Sums: positions of a slice in order, then the slices in order.
#include "tile.cuh"

constexpr unsigned CHANNELS = C / GROUPS, FILTERS = K / GROUPS, ROWS = R * S * CHANNELS, POSITIONS = N * P * Q;

extern "C" __global__ void conv2d_wgrad(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__ dw,
                                        float* __restrict__ parts)
{
    const unsigned first = blockIdx.z * SLICE, last = min(first + SLICE, POSITIONS);
    const unsigned group = blockIdx.x / ROW_TILES / GROUP_TILES, columns = group * GROUP_TILES * TILE;
    auto input = [=](unsigned row, unsigned position) {
        const unsigned r = row / (S * CHANNELS), s = row / CHANNELS % S, c = group * CHANNELS + row % CHANNELS;
        const unsigned h = position / Q % P * STRIDE_H + r * DILATION_H - PAD_TOP;
        const unsigned w = position % Q * STRIDE_W + s * DILATION_W - PAD_LEFT;
        return row < ROWS && h < H && w < W ? x[((position / (P * Q) * H + h) * W + w) * C + c] : 0.0f;
    };
    auto gradient = [=](unsigned position, unsigned column) {
        const unsigned k = column - columns; // of the group
        return k < FILTERS ? dy[position * K + group * FILTERS + k] : 0.0f;
    };
    float* part = parts + blockIdx.z * (ROWS * K);
    tile_product<ALONG_ROWS>(first, last, input, gradient, [=](unsigned row, unsigned column, float sum) {
        const unsigned k = column - columns;
        if (row < ROWS && k < FILTERS)
            part[row * K + group * FILTERS + k] = sum;
    });
}

extern "C" __global__ void conv2d_wgrad_sum(const float* __restrict__ x, const float* __restrict__ dy, float* __restrict__ dw,
                                            const float* __restrict__ parts)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ROWS * K)
        return;
    float sum = 0;
    for (unsigned slice = 0; slice < SLICES; slice++)
        sum += parts[slice * (ROWS * K) + i];
    dw[i] += sum;
}
