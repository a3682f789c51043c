// DX[n,h,w,g·C/GROUPS+c] = Σ DY[n,p,q,k] · W[r,s,c,k] over all p, q, r, s with h = p·STRIDE_H + r·DILATION_H − PAD_TOP, and w likewise, and all filters
// k of group g, on tensor cores: DY has pixels of PITCH filters, as W has rows. The input positions of equal h mod STRIDE_H and w mod STRIDE_W,
// a phase, meet the same taps, so that each phase is a convolution with strides 1; one that no tap meets gets zeros.
// Blocks: a tile of rows, the input positions (n,h,w) of a phase, and of columns, the channels of a group behind those of the one before, each in
// GROUP_TILES whole tiles; those of the same rows are neighbours, and phases of ROW_TILES of them follow one another. See conv2d_product.cuh.
// Macros: N, C, K, GROUPS, GROUP_TILES, ROW_TILES, PITCH, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT, EXPANDED,
// EXPANDED_H, EXPANDED_W, KIND (of pool2d.cuh), and those of activation.cuh.
// Sums: terms (r,s,k) in order, 8 or 16 at once as a tensor core adds them, in slices.
#include "activation.cuh"
#include "conv2d_product.cuh"
#include "given.cuh"
#include "overlap.cuh"
#include "pool2d.cuh"

__device__ constexpr int gcd(int a, int b) { return b == 0 ? a : gcd(b, a % b); }

// axis_of is how a phase of the input meets the output: as place · stride + phase + pad = p · stride + r · dilation.
__device__ Axis axis_of(int phase, int inputs, int outputs, int size, int stride, int dilation, int pad)
{
    const int every = stride / gcd(stride, dilation);
    int tap = 0;
    while (tap < every && (phase + pad - tap * dilation) % stride != 0)
        tap++;
    const int taps = tap < min(every, size) ? (size - tap + every - 1) / every : 0;
    return {(inputs - phase + stride - 1) / stride, outputs, (phase + pad - tap * dilation) / stride, 1, taps, -(every * dilation / stride), tap, every};
}

struct Pixel { unsigned n, h, w; };

// Loaded is what the gradients of 4 neighbours are multiplied with, and the places in their windows that they are of.
struct Loaded {
    Vector<4, Given> v;
    Vector<4, unsigned char> places;
};

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
conv2d_product_dgrad(const Narrow* __restrict__ dy, const Narrow* __restrict__ weights, const Given* __restrict__ v,
                     const unsigned char* __restrict__ index, Stored* __restrict__ dx)
{
    constexpr unsigned CHANNELS = C / GROUPS, FILTERS = GROUPS > 1 ? K / GROUPS : PITCH, TILES = GROUPS * GROUP_TILES;
    constexpr unsigned PHASES_DOWN = STRIDE_H < H ? STRIDE_H : H, PHASES_ACROSS = STRIDE_W < W ? STRIDE_W : W;
    const unsigned tile = blockIdx.x % TILES, group = tile / GROUP_TILES, row_tile = blockIdx.x / TILES % ROW_TILES, phase = blockIdx.x / (TILES * ROW_TILES);
    const unsigned phase_h = phase / PHASES_ACROSS % PHASES_DOWN, phase_w = phase % PHASES_ACROSS;
    const Axis down = axis_of(phase_h, H, P, R, STRIDE_H, DILATION_H, PAD_TOP), across = axis_of(phase_w, W, Q, S, STRIDE_W, DILATION_W, PAD_LEFT);
    const unsigned places = N * down.places * across.places;
    let_later_begin();
    wait_for_earlier();
    if (STAGES > 0 && row_tile * TILE_ROWS >= places)
        return;
    const Factors<PITCH, FILTERS, PITCH, CHANNELS * PITCH, CHANNELS> factors{dy + group * FILTERS, weights + group * FILTERS};
    auto pixel_of = [=](unsigned place) {
        const unsigned n = place / across.places / down.places;
        return Pixel{n, place / across.places % down.places * STRIDE_H + phase_h, place % across.places * STRIDE_W + phase_w};
    };
    auto element_of = [=](unsigned place, unsigned c) {
        const Pixel p = pixel_of(place);
        return (size_t)(STRIDE_H * STRIDE_W > 1 ? (p.n * H + p.h) * W + p.w : place) * C + group * CHANNELS + c;
    };
    auto load_given = [=](unsigned place, unsigned c) {
        Loaded loaded = {};
        if (v)
            loaded.v = load4(v + element_of(place, c), CHANNELS - c);
        if (EXPANDED && (KIND == MAX || KIND == MIN))
            loaded.places = load4(index + element_of(place, c), CHANNELS - c);
        return loaded;
    };
    auto store = [=](unsigned place, unsigned c, const Vector<4>(&sums)[TOGETHER], const Loaded& loaded) {
        const auto [n, h, w] = pixel_of(place);
        const size_t at = element_of(place, c);
        const unsigned there = CHANNELS - c, column = group * CHANNELS + c;
        Vector<4> gradients = sums[0];
        if (v)
#pragma unroll
            for (int i = 0; i < 4; i++)
                gradients.at[i] *= derivative(given(loaded.v.at[i]));
        if (!EXPANDED) {
            store4(dx + at, stored4(gradients), there);
            return;
        }
#pragma unroll
        for (int i = 0; i < 4; i++)
            gradients.at[i] = KIND == AVERAGE ? gradients.at[i] / 4 : gradients.at[i];
        const unsigned bottom = h + 1 < H ? 2 : EXPANDED_H - 2 * h, right = w + 1 < W ? 2 : EXPANDED_W - 2 * w; // 3 where no window covers the last
#pragma unroll
        for (unsigned r = 0; r < 3; r++)
#pragma unroll
            for (unsigned s = 0; s < 3; s++) {
                if (r >= bottom || s >= right)
                    continue;
                Vector<4> parts;
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    const bool is_there = r < 2 && s < 2 && (KIND == AVERAGE || KIND == SUM || loaded.places.at[i] == r * 2 + s);
                    parts.at[i] = is_there ? gradients.at[i] : 0;
                }
                store4(dx + ((size_t)(n * EXPANDED_H + 2 * h + r) * EXPANDED_W + 2 * w + s) * C + column, stored4(parts), there);
            }
    };
    product(factors, down, across, S, places, row_tile, tile % GROUP_TILES * TILE_COLUMNS, load_given, store);
}
