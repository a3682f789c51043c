// Y = pool(f(X ∗ W + B)) for images of few channels, directly: f is a ReLU or nothing, the pool takes the maximum or the mean of windows of 2x2 that
// lie side by side, or there is none. index, if there is one, gets the place 2r + s of the maximum, the first one if several are equal; so does places,
// but 255 where a ReLU let nothing through.
// Blocks: block x computes tiles of 2 x TILE_Q positions of all columns TILES_X wide and TILES_Y high, of image x / BANDS / PARTS, and block y the filters
// from y * 8 * GROUPS on; a thread a tile of 8 filters, of which the second four lie 4 * GROUPS behind the first.
// Macros: C, K, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, PAD_TOP, PAD_LEFT, TILE_Q, TILES_X, TILES_Y, BANDS (blocks below each other in an image), PARTS
// (side by side), GROUPS, IMAGE_ROWS, PITCH, RELU, POOL (0 for none, 1 for the maximum, 2 for the mean), POOL_P, POOL_Q (maxima or means of an image), STORED_BITS (of stored.cuh).
// Sums: the bias, then terms (r,c,s) in order; a mean adds its places (r,s) in order.
#include "direct_conv2d.cuh"
#include "stored.cuh"

constexpr int FILTERS = 8 * GROUPS, TAPS = R * S * C;

__device__ float rectified(float value) { return RELU && value < 0 ? 0 : value; } // NaN stays

// store8 writes the values of a thread's filters at one position, of which those from k on are neighbours, and those from k + 4 * GROUPS on.
template <class T>
__device__ void store8(T* to, const T (&values)[8], int k)
{
    struct alignas(4 * sizeof(T)) Four { T of[4]; };
    for (int half = 0; half < 2; half++) {
        if (K % 4 == 0 && k < K)
            *(Four*)(to + k) = {values[4 * half], values[4 * half + 1], values[4 * half + 2], values[4 * half + 3]};
        for (int i = 0; K % 4 != 0 && i < 4; i++)
            if (k + i < K)
                to[k + i] = values[4 * half + i];
        k += 4 * GROUPS;
    }
}

// Tile is what a block computes: the filters from one on, and rows and columns of image n.
struct Tile {
    int n, first_filter, first_row, first_column;
};

__device__ inline Tile tile_of_block()
{
    const int n = blockIdx.x / (BANDS * PARTS), band = blockIdx.x / PARTS % BANDS, part = blockIdx.x % PARTS;
    return {n, int(blockIdx.y) * FILTERS, 2 * TILES_Y * band, TILE_Q * TILES_X * part};
}

// load_filters copies a tile's filters, with the bias behind them.
__device__ inline void load_filters(float* filters, const Tile& tile, const float* __restrict__ weights, const float* __restrict__ b)
{
    for (unsigned i = threadIdx.x; i < (TAPS + 1) * FILTERS; i += blockDim.x) {
        const int k = tile.first_filter + i % FILTERS, tap = i / FILTERS;
        filters[i] = k >= K ? 0 : tap < TAPS ? weights[tap * K + k] : b ? b[k] : 0;
    }
}

// convolve computes a tile of filters and an image that lie in shared memory.
__device__ inline void convolve(const float* filters, const float* image, const Tile& of, Stored* __restrict__ y, int* __restrict__ index,
                                unsigned char* __restrict__ places)
{
    const int group = threadIdx.x % GROUPS, tile = threadIdx.x / GROUPS;
    const int row = tile / TILES_X * 2, column = of.first_column + tile % TILES_X * TILE_Q; // of Y, in the band
    const float4 *first = (const float4*)filters + group, *second = first + GROUPS;
    float sums[2][TILE_Q][8];
#pragma unroll
    for (int i = 0; i < 2 * TILE_Q; i++) {
        const float4 v = first[TAPS * FILTERS / 4], u = second[TAPS * FILTERS / 4];
        const float bias[8] = {v.x, v.y, v.z, v.w, u.x, u.y, u.z, u.w};
#pragma unroll
        for (int k = 0; k < 8; k++)
            sums[i / TILE_Q][i % TILE_Q][k] = bias[k];
    }
    constexpr int REACH = (TILE_Q - 1) * STRIDE_W + S; // columns that a tile sees
#pragma unroll(TAPS <= 16 ? R : 1)
    for (int r = 0; r < R; r++) {
#pragma unroll(TAPS <= 16 ? C : 1)
        for (int c = 0; c < C; c++) {
            float seen[2][REACH];
#pragma unroll
            for (int p = 0; p < 2; p++)
#pragma unroll
                for (int s = 0; s < REACH; s++)
                    seen[p][s] = image[c * PLANE + ((row + p) * STRIDE_H + r) * PITCH + column * STRIDE_W + s];
#pragma unroll
            for (int s = 0; s < S; s++) {
                const int tap = (r * S + s) * C + c;
                const float4 v = first[tap * (FILTERS / 4)], u = second[tap * (FILTERS / 4)];
                const float w[8] = {v.x, v.y, v.z, v.w, u.x, u.y, u.z, u.w};
#pragma unroll
                for (int p = 0; p < 2; p++)
#pragma unroll
                    for (int q = 0; q < TILE_Q; q++)
#pragma unroll
                        for (int k = 0; k < 8; k++)
                            sums[p][q][k] = fmaf(seen[p][q * STRIDE_W + s], w[k], sums[p][q][k]);
            }
        }
    }

    const int k = of.first_filter + 4 * group;
    if (POOL == 0) {
#pragma unroll
        for (int i = 0; i < 2 * TILE_Q; i++) {
            const int p = of.first_row + row + i / TILE_Q, q = column + i % TILE_Q;
            if (p >= P || q >= Q)
                continue;
            Stored values[8];
#pragma unroll
            for (int j = 0; j < 8; j++)
                values[j] = stored(rectified(sums[i / TILE_Q][i % TILE_Q][j]));
            store8(y + ((of.n * P + p) * Q + q) * K, values, k);
        }
        return;
    }
#pragma unroll
    for (int window = 0; window < TILE_Q / 2; window++) {
        const int p = (of.first_row + row) / 2, q = column / 2 + window;
        if (p >= POOL_P || q >= POOL_Q)
            continue;
        Stored values[8];
        int place[8];
        unsigned char passed[8];
#pragma unroll
        for (int j = 0; j < 8; j++) {
            float best = rectified(sums[0][2 * window][j]);
            place[j] = 0;
#pragma unroll
            for (int i = 1; i < 4; i++) {
                const float value = rectified(sums[i / 2][2 * window + i % 2][j]);
                if (POOL == 2) {
                    best += value;
                } else if (value > best || (isnan(value) && !isnan(best))) {
                    best = value;
                    place[j] = i;
                }
            }
            values[j] = stored(POOL == 2 ? best / 4 : best);
            passed[j] = RELU && !(best > 0) ? 255 : place[j];
        }
        const int at = ((of.n * POOL_P + p) * POOL_Q + q) * K;
        store8(y + at, values, k);
        if (index)
            store8(index + at, place, k);
        if (places)
            store8(places + at, passed, k);
    }
}
