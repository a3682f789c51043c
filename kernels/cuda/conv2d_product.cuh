// The product on tensor cores that fprop and dgrad of a convolution are, over images as they lie (an implicit GEMM):
//
//     sum(row, column) = Σ_{tap, channel} images[place of the row moved by the tap, channel] · filters[column, tap, channel]
//
// A row is a place (n, i, j) of the result; where the sums are pooled by windows of 2 × 2, 32 rows are 8 windows, row 8k + m place k of window m, so that a
// thread has the four of a window. Its tap (r, s) reads the images at (i · stride + first + r · reach, ...), as an Axis says for height and
// width. Channels lie in chunks of 16 bytes, and a tile of terms is 8 chunks of each row and column, from however many taps. A tile lies in
// shared memory as rows of 128 bytes whose chunks are permuted, so that neither the copies nor ldmatrix meet a bank twice: chunk c of row m of the
// images' tile is at c XOR m mod 8. STAGES tiles are in flight. A warp computes WARP_ROWS × WARP_COLUMNS sums and loads its fragments a step, 32 bytes
// of each row, ahead of the products. Of a small tile SLICES warps compute the same sums, each of its share of the steps. The columns of four 16 × 8 products are dealt so that a lane has 4 neighbours of a row to store.
//
// Blocks: a block computes TILE_ROWS × TILE_COLUMNS sums.
// Macros: POOLED, TILE_ROWS, TILE_COLUMNS, WARP_ROWS, WARP_COLUMNS, SLICES, STAGES, BLOCKS (that a multiprocessor has registers for, at least), VECTORS (4
// neighbours of the result are stored at once).
// Sums: terms (tap, channel) in order, 8 or 16 at once as a tensor core adds them; those of each slice, then the slices in order.
#include "mma.cuh"
#include "stored.cuh"
#include "vector.cuh"

constexpr int ROW_BYTES = 128, ROW_CHUNKS = 8, STEPS = 4 / SLICES; // those of a slice in a tile of terms
constexpr int WARPS_DOWN = TILE_ROWS / WARP_ROWS, WARPS = WARPS_DOWN * (TILE_COLUMNS / WARP_COLUMNS), THREADS = 32 * WARPS * SLICES;
constexpr int STAGE_BYTES = (TILE_ROWS + TILE_COLUMNS) * ROW_BYTES;
constexpr int AT_ONCE = THREADS / ROW_CHUNKS; // rows that the threads copy at once
constexpr int MOST_TAPS = 16;                 // along an axis
constexpr int TOGETHER = POOLED ? 4 : 1;      // rows that are stored at once

// Axis is how rows and taps of the product meet the images along their height or width.
struct Axis {
    int places;        // of the result
    int extent;        // of the images
    int first, stride; // place i reads at i · stride + first by its first tap
    int taps, reach;   // and further by reach with each tap
    int tap, every;    // the taps are tap, tap + every, ... of the filter

    // outside has a bit for each tap that reads beyond the images.
    __device__ unsigned outside(int place) const
    {
        unsigned bits = 0;
        for (int r = 0; r < taps; r++) {
            const int at = place * stride + first + r * reach;
            bits |= (unsigned)(at < 0 || at >= extent) << r;
        }
        return bits;
    }
};

// Factors are the images and the filters, from the first channel and the first column on, as they lie in chunks.
template <int PIXEL, int CHANNELS, int FILTER, int TAP, int FILTERS>
struct Factors {
    static constexpr int PIXEL_CHUNKS = PIXEL / CHUNK;   // from a pixel to the next
    static constexpr int TAP_TERMS = CHANNELS / CHUNK;   // of the sums
    static constexpr int FILTER_CHUNKS = FILTER / CHUNK; // from a column's filter to the next
    static constexpr int TAP_CHUNKS = TAP / CHUNK;       // from a tap of a filter to the next
    static constexpr int COLUMNS = FILTERS;

    const Narrow *images, *filters;
};

// product calls store(i, column, sums) for each place, or window of places, of the result from row top on and each 4 columns from side on; there are so
// many.
template <class Factors, class Store>
__device__ void product(Factors f, Axis down, Axis across, int filter_width, unsigned results, unsigned top, unsigned side, Store store)
{
    constexpr int IMAGE_LOADS = TILE_ROWS / AT_ONCE, FILTER_LOADS = (TILE_COLUMNS + AT_ONCE - 1) / AT_ONCE;
    constexpr int DOWN = WARP_ROWS / 16, ACROSS = WARP_COLUMNS / 8; // products of a warp
    static_assert(TILE_ROWS % AT_ONCE == 0 && AT_ONCE % 8 == 0 && ACROSS % 4 == 0, "the threads share a tile evenly");
    extern __shared__ __align__(128) char memory[];
    const unsigned base = shared_address(memory);

    // What the thread copies: a chunk of every AT_ONCE'th row.
    const int chunk = threadIdx.x % ROW_CHUNKS, row = threadIdx.x / ROW_CHUNKS;
    const char* from[IMAGE_LOADS];  // where the first tap reads, which may lie before the images
    unsigned outside[IMAGE_LOADS]; // a bit for each row of taps, and behind them for each column
#pragma unroll
    for (int l = 0; l < IMAGE_LOADS; l++) {
        const unsigned m = top + row + l * AT_ONCE, result = POOLED ? m / 32 * 8 + m % 8 : m, quarter = m / 8 % 4;
        const int height = down.places / (POOLED ? 2 : 1), width = across.places / (POOLED ? 2 : 1), n = result / width / height;
        const int i = POOLED ? result / width % height * 2 + quarter / 2 : result / width % height;
        const int j = POOLED ? result % width * 2 + quarter % 2 : result % width;
        const int pixel = (n * down.extent + i * down.stride + down.first) * across.extent + j * across.stride + across.first;
        from[l] = (const char*)f.images + (long long)(pixel * f.PIXEL_CHUNKS) * 16;
        outside[l] = result < results ? down.outside(i) | across.outside(j) << MOST_TAPS : ~0u;
    }
    const unsigned images_to = base + row * ROW_BYTES + (chunk ^ row % 8) * 16;
    auto filters_swizzle = [](int n) { return n / 4 % 4 * 2 + n % 2; };

    const int terms = down.taps * across.taps * f.TAP_TERMS, tiles = (terms + ROW_CHUNKS - 1) / ROW_CHUNKS;
    auto copy = [&](int tile, unsigned stage) {
        const int term = tile * ROW_CHUNKS + chunk, tap = term / f.TAP_TERMS, c = term % f.TAP_TERMS, r = tap / across.taps, s = tap % across.taps;
        const long long image = (r * down.reach * across.extent + s * across.reach) * f.PIXEL_CHUNKS + c;
        const int filter = ((down.tap + r * down.every) * filter_width + across.tap + s * across.every) * f.TAP_CHUNKS + c;
        const char* const filters = (const char*)f.filters + (size_t)((side + row) * f.FILTER_CHUNKS + filter) * 16;
        const unsigned tap_bits = 1u << r | 1u << MOST_TAPS << s;
        const bool is_term = term < terms;
#pragma unroll
        for (int l = 0; l < IMAGE_LOADS; l++)
            copy_chunk(images_to + stage + l * AT_ONCE * ROW_BYTES, from[l] + image * 16, is_term && (outside[l] & tap_bits) == 0);
#pragma unroll
        for (int l = 0; l < FILTER_LOADS; l++) {
            const int n = row + l * AT_ONCE;
            if (TILE_COLUMNS % AT_ONCE == 0 || n < TILE_COLUMNS)
                copy_chunk(base + stage + (TILE_ROWS + n) * ROW_BYTES + (chunk ^ filters_swizzle(n)) * 16,
                           filters + (long long)l * AT_ONCE * f.FILTER_CHUNKS * 16, is_term && (f.COLUMNS % TILE_COLUMNS == 0 || side + n < f.COLUMNS));
        }
    };

    // What the warp multiplies.
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % WARPS, slice = threadIdx.x / 32 / WARPS, group = lane / 4, member = lane % 4;
    const int warp_row = warp % WARPS_DOWN * WARP_ROWS, warp_column = warp / WARPS_DOWN * WARP_COLUMNS;
    const unsigned rows_at = base + (warp_row + lane % 16) * ROW_BYTES + (lane / 16 ^ lane % 8) * 16;
    unsigned columns_at[2]; // of products 4i + 2h and 4i + 2h + 1
#pragma unroll
    for (int h = 0; h < 2; h++) {
        const int of = lane % 8, n = h * 16 + of / 2 * 4 + lane / 16 * 2 + of % 2;
        columns_at[h] = base + (TILE_ROWS + warp_column + n) * ROW_BYTES + (lane / 8 % 2 ^ filters_swizzle(n)) * 16;
    }
    unsigned left[2][DOWN][4], right[2][ACROSS / 2][4];
    auto fetch = [&](int step, unsigned stage) {
#pragma unroll
        for (int i = 0; i < DOWN; i++)
            load_fragments(left[step % 2][i], (rows_at + stage ^ (slice * STEPS + step) * 32) + i * 16 * ROW_BYTES);
#pragma unroll
        for (int j = 0; j < ACROSS / 2; j++)
            load_fragments(right[step % 2][j], (columns_at[j % 2] + stage ^ (slice * STEPS + step) * 32) + j / 2 * 32 * ROW_BYTES);
    };
    float sums[DOWN][ACROSS][4] = {};
    auto multiply = [&](int step) {
#pragma unroll
        for (int i = 0; i < DOWN; i++)
#pragma unroll
            for (int j = 0; j < ACROSS; j++)
                multiply_add(sums[i][j], left[step % 2][i], right[step % 2][j / 2][j % 2 * 2], right[step % 2][j / 2][j % 2 * 2 + 1]);
    };

    if (tiles > 0) {
#pragma unroll
        for (int tile = 0; tile < STAGES - 1; tile++) {
            copy(tile, tile * STAGE_BYTES);
            commit_copies();
        }
        await_copies<STAGES - 2>();
        __syncthreads();
        unsigned reads = 0, writes = (STAGES - 1) * STAGE_BYTES;
        fetch(0, reads);
        auto next = [](unsigned stage) { return stage == (STAGES - 1) * STAGE_BYTES ? 0 : stage + STAGE_BYTES; };
#pragma unroll 1
        for (int tile = 0; tile < tiles; tile++) { // without a branch: behind the last tile are zeros
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                if (step < STEPS - 1)
                    fetch(step + 1, reads);
                if (step == 0) {
                    copy(tile + STAGES - 1, writes);
                    commit_copies();
                    writes = next(writes);
                }
                if (STEPS == 1) // there is nothing to fetch ahead of
                    multiply(step);
                if (step == STEPS - 1) {
                    await_copies<STAGES - 2>();
                    __syncthreads();
                    reads = next(reads);
                    fetch(0, reads);
                }
                if (STEPS > 1)
                    multiply(step);
            }
        }
    }
    if (SLICES > 1) {
        constexpr int SUMS = DOWN * ACROSS * 4;
        float* const others = reinterpret_cast<float*>(memory) + warp * SUMS * 32 + lane; // of the other slices, one behind the other
        await_copies<0>();
        __syncthreads();
#pragma unroll
        for (int i = 0; i < SUMS && slice > 0; i++)
            others[((slice - 1) * WARPS * SUMS + i) * 32] = sums[i / 4 / ACROSS][i / 4 % ACROSS][i % 4];
        __syncthreads();
        if (slice > 0)
            return;
        for (int other = 0; other < SLICES - 1; other++)
#pragma unroll
            for (int i = 0; i < SUMS; i++)
                sums[i / 4 / ACROSS][i / 4 % ACROSS][i % 4] += others[(other * WARPS * SUMS + i) * 32];
    }
#pragma unroll
    for (int l = 0; l < DOWN * 2 / TOGETHER; l++)
#pragma unroll
        for (int j = 0; j < ACROSS / 2; j++) {
            const int i = l * TOGETHER;
            const unsigned m = (top + warp_row + i * 8) / TOGETHER + group, n = side + warp_column + j * 16 + member * 4;
            Vector<4> together[TOGETHER];
#pragma unroll
            for (int k = 0; k < TOGETHER; k++) {
                const float(&even)[4] = sums[(i + k) / 2][2 * j], (&odd)[4] = sums[(i + k) / 2][2 * j + 1];
                const int h = (i + k) % 2 * 2;
                together[k] = {{even[h], even[h + 1], odd[h], odd[h + 1]}};
            }
            if (m < results && n < f.COLUMNS)
                store(m, n, together);
        }
}

__device__ inline Vector<4, Stored> stored4(Vector<4> values)
{
    return {{stored(values.at[0]), stored(values.at[1]), stored(values.at[2]), stored(values.at[3])}};
}

// store4 stores those of 4 neighbours that are there, the first few, and load4 loads them.
template <class T>
__device__ inline void store4(T* to, Vector<4, T> values, unsigned there)
{
    if (VECTORS)
        store_at_once(to, values);
    else
#pragma unroll
        for (unsigned i = 0; i < 4; i++)
            if (i < there)
                to[i] = values.at[i];
}

template <class T>
__device__ inline Vector<4, T> load4(const T* from, unsigned there)
{
    if (VECTORS)
        return load<4>(from);
    Vector<4, T> values = {};
#pragma unroll
    for (unsigned i = 0; i < 4; i++)
        if (i < there)
            values.at[i] = from[i];
    return values;
}
