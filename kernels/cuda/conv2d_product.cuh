// The product on tensor cores that fprop and dgrad of a convolution are, over images as they lie (an implicit GEMM):
//
//     sum(row, column) = Σ_{tap, channel} images[place of the row moved by the tap, channel] · filters[column, tap, channel]
//
// A row is a place (n, i, j) of the result; where the sums are pooled by windows of 2 × 2, 32 rows are 8 windows, row 8k + m place k of window m, so that a
// thread has the four of a window. Its tap (r, s) reads the images at (i · stride + first + r · reach, ...), as an Axis says for height and
// width. Channels lie in chunks of 16 bytes, and a tile of terms is 8 chunks of each row and column, from however many taps. A tile lies in
// shared memory as rows of 128 bytes whose chunks are permuted, so that neither the copies nor ldmatrix meet a bank twice: chunk c of row m of the
// images' tile is at c XOR m mod 8. Of images whose pixels all taps find there (HALO, see conv2d_halo.cuh), a tile is filters alone. STAGES tiles are in
// flight. A warp computes WARP_ROWS × WARP_COLUMNS sums and loads its fragments a step, 32 bytes of each row, ahead of the products. Of a small tile SLICES
// warps compute the same sums, each of its share of the steps. The columns of four 16 × 8 products are dealt so that a lane has 4 neighbours of a row to
// store. Of small images a block keeps what it reads (STAGES is 0, see conv2d_resident.cuh).
//
// Blocks: a block computes TILE_ROWS × TILE_COLUMNS sums.
// Macros: HALO, POOLED, TILE_ROWS, TILE_COLUMNS, WARP_ROWS, WARP_COLUMNS, SLICES, STAGES, BLOCKS (that a multiprocessor has registers for, at
// least), VECTORS (4 neighbours of the result are stored at once).
// Sums: terms (tap, channel) in order, or as conv2d_halo.cuh says, 8 or 16 at once as a tensor core adds them; those of each slice, then the slices in
// order.
#include "mma.cuh"
#include "stored.cuh"
#include "vector.cuh"

constexpr int ROW_BYTES = 128, ROW_CHUNKS = 8, STEPS = 4 / SLICES; // those of a slice in a tile of terms
constexpr int WARPS_DOWN = TILE_ROWS / WARP_ROWS, WARPS = WARPS_DOWN * (TILE_COLUMNS / WARP_COLUMNS), THREADS = 32 * WARPS * SLICES;
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

#if STAGES == 0
#include "conv2d_resident.cuh"
#else
// Term is a chunk of channels of a tap, if there is one.
struct Term {
    int r, s, chunk;
    bool is_there;
};

#if HALO
#include "conv2d_halo.cuh"
#else
// Images copies what each tile of terms takes of the images, a row of chunks for each row of the product.
template <class Factors>
struct Images {
    static constexpr int ROWS = TILE_ROWS, HELD_BYTES = 0; // of a stage, and before the stages
    static constexpr int LOADS = TILE_ROWS / AT_ONCE;
    static_assert(TILE_ROWS % AT_ONCE == 0 && AT_ONCE % 8 == 0, "the threads share a tile evenly");

    const Axis down, across;
    const char* from[LOADS];  // where the first tap reads, which may lie before the images, of what the thread copies: a chunk of every AT_ONCE'th row
    unsigned outside[LOADS]; // a bit for each row of taps, and behind them for each column
    unsigned copies_to, rows_at;

    __device__ Images(const Factors& f, const Axis& down, const Axis& across, unsigned results, unsigned top, unsigned base, int warp_row)
        : down(down), across(across)
    {
        const int chunk = threadIdx.x % ROW_CHUNKS, row = threadIdx.x / ROW_CHUNKS, lane = threadIdx.x % 32;
#pragma unroll
        for (int l = 0; l < LOADS; l++) {
            const unsigned m = top + row + l * AT_ONCE, result = POOLED ? m / 32 * 8 + m % 8 : m, quarter = m / 8 % 4;
            const int height = down.places / (POOLED ? 2 : 1), width = across.places / (POOLED ? 2 : 1), n = result / width / height;
            const int i = POOLED ? result / width % height * 2 + quarter / 2 : result / width % height;
            const int j = POOLED ? result % width * 2 + quarter % 2 : result % width;
            const int pixel = (n * down.extent + i * down.stride + down.first) * across.extent + j * across.stride + across.first;
            from[l] = (const char*)f.images + (long long)(pixel * f.PIXEL_CHUNKS) * 16;
            outside[l] = result < results ? down.outside(i) | across.outside(j) << MOST_TAPS : ~0u;
        }
        copies_to = base + row * ROW_BYTES + (chunk ^ row % 8) * 16;
        rows_at = base + (warp_row + lane % 16) * ROW_BYTES + (lane / 16 ^ lane % 8) * 16;
    }

    // term is what a tile has at a chunk of its rows.
    __device__ Term term(int tile, int chunk) const
    {
        const int term = tile * ROW_CHUNKS + chunk, tap = term / Factors::TAP_TERMS;
        return {tap / across.taps, tap % across.taps, term % Factors::TAP_TERMS, term < down.taps * across.taps * Factors::TAP_TERMS};
    }

    // begin copies what is needed besides the tiles.
    __device__ void begin() {}

    // copy begins to copy a tile, of which the thread has a term, to a stage.
    __device__ void copy(int, const Term& t, unsigned stage) const
    {
        const long long image = (t.r * down.reach * across.extent + t.s * across.reach) * Factors::PIXEL_CHUNKS + t.chunk;
        const unsigned tap = 1u << t.r | 1u << MOST_TAPS << t.s;
#pragma unroll
        for (int l = 0; l < LOADS; l++)
            copy_chunk(copies_to + stage + l * AT_ONCE * ROW_BYTES, from[l] + image * 16, t.is_there && (outside[l] & tap) == 0);
    }

    // find finds the lane's rows of a tile, and fragment says where those of 16 rows of the warp lie, a step of the tile.
    __device__ void find(int) {}
    __device__ unsigned fragment(int i, int step, unsigned stage) const { return (rows_at + stage ^ step * 32) + i * 16 * ROW_BYTES; }
};
#endif

// product calls store(i, column, sums, load_given(i, column)) for each place, or window of places, of a tile of the result's rows and each 4 columns from
// side on; there are so
// many.
template <class Factors, class Load, class Store>
__device__ void product(Factors f, Axis down, Axis across, int filter_width, unsigned results, unsigned row_tile, unsigned side, Load load_given, Store store)
{
    const unsigned top = row_tile * TILE_ROWS;
    constexpr int LOADS = (TILE_COLUMNS + AT_ONCE - 1) / AT_ONCE, IMAGE_ROWS = Images<Factors>::ROWS, STAGE_BYTES = (IMAGE_ROWS + TILE_COLUMNS) * ROW_BYTES;
    constexpr int DOWN = WARP_ROWS / 16, ACROSS = WARP_COLUMNS / 8; // products of a warp
    static_assert(ACROSS % 4 == 0, "a lane has 4 neighbours of a row to store");
    extern __shared__ __align__(128) char memory[];
    const unsigned base = shared_address(memory), columns_base = base + Images<Factors>::HELD_BYTES + IMAGE_ROWS * ROW_BYTES;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % WARPS, slice = threadIdx.x / 32 / WARPS, group = lane / 4, member = lane % 4;
    const int warp_row = warp % WARPS_DOWN * WARP_ROWS, warp_column = warp / WARPS_DOWN * WARP_COLUMNS;

    // What the thread copies: a chunk of every AT_ONCE'th row.
    Images<Factors> images(f, down, across, results, top, base, warp_row);
    const int chunk = threadIdx.x % ROW_CHUNKS, row = threadIdx.x / ROW_CHUNKS;
    auto swizzle = [](int n) { return n / 4 % 4 * 2 + n % 2; };
    auto copy = [&](int tile, unsigned stage) {
        const Term t = images.term(tile, chunk);
        images.copy(tile, t, stage);
        const int filter = ((down.tap + t.r * down.every) * filter_width + across.tap + t.s * across.every) * f.TAP_CHUNKS + t.chunk;
        const char* const filters = (const char*)f.filters + (size_t)((side + row) * f.FILTER_CHUNKS + filter) * 16;
#pragma unroll
        for (int l = 0; l < LOADS; l++) {
            const int n = row + l * AT_ONCE;
            if (TILE_COLUMNS % AT_ONCE == 0 || n < TILE_COLUMNS)
                copy_chunk(columns_base + stage + n * ROW_BYTES + (chunk ^ swizzle(n)) * 16, filters + (long long)l * AT_ONCE * f.FILTER_CHUNKS * 16,
                           t.is_there && (f.COLUMNS % TILE_COLUMNS == 0 || side + n < f.COLUMNS));
        }
    };

    // What the warp multiplies.
    unsigned columns_at[2]; // of products 4i + 2h and 4i + 2h + 1
#pragma unroll
    for (int h = 0; h < 2; h++) {
        const int of = lane % 8, n = h * 16 + of / 2 * 4 + lane / 16 * 2 + of % 2;
        columns_at[h] = columns_base + (warp_column + n) * ROW_BYTES + (lane / 8 % 2 ^ swizzle(n)) * 16;
    }
    unsigned left[2][DOWN][4], right[2][ACROSS / 2][4];
    auto fetch = [&](int step, unsigned stage) {
#pragma unroll
        for (int i = 0; i < DOWN; i++)
            load_fragments(left[step % 2][i], images.fragment(i, slice * STEPS + step, stage));
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

    const int tiles = (down.taps * across.taps * f.TAP_TERMS + ROW_CHUNKS - 1) / ROW_CHUNKS;
    if (tiles > 0) {
        images.begin();
#pragma unroll
        for (int tile = 0; tile < STAGES - 1; tile++) {
            copy(tile, tile * STAGE_BYTES);
            commit_copies();
        }
        await_copies<STAGES - 2>();
        __syncthreads();
        unsigned reads = 0, writes = (STAGES - 1) * STAGE_BYTES;
        images.find(0);
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
                    images.find(tile + 1);
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
                store(m, n, together, load_given(m, n));
        }
}
#endif

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
