// The product of conv2d_product.cuh over small images, with strides of 1: a block keeps those rows of an image that its places read in shared memory,
// where every tap finds them, so that no value is copied for each tap. Filters go from global memory into registers, AHEAD pieces before they are needed.
//
// A piece of the terms is a tap's run of 8 chunks of channels, 128 bytes; warps take every SLICES'th. Columns of the product are the rows of the tensor cores'
// tiles, 16 at once, and its rows, 8 at once, their columns: so a lane's chunk of a place is two pairs of terms in the registers in which they are multiplied. A
// lane takes chunks member and member + 4 of a piece. The 8 lanes that load at once have two rows, neighbours in the image, so the two halves of a pixel's run
// change places from a pixel to the next, and no bank is met twice. Where windows are pooled, rows 4k to 4k + 3 are the places of window k. Before the image lie
// 128 bytes of zeros, for taps outside, and before those the sums of all slices.
//
// Blocks: a block computes TILE_ROWS rows of an image and TILE_COLUMNS columns.
// Macros: those of conv2d_product.cuh, and N, R, S, ROW_TILES, IMAGE_CHUNKS (of an image that a block keeps, at most).
// Sums: every SLICES'th piece in order, 8 or 16 terms at once as a tensor core adds them; then the slices in order.

// Row is where the first tap of a row reads, which may lie before the image, with a bit for each row of taps that lies outside, and behind them for each column.
struct Row {
    unsigned at, outside;
};

// product calls store(i, column, sums, load_given(i, column)) for each place, or window of places, of a tile of an image's rows, and each 4 columns from side on.
template <class Factors, class Load, class Store>
__device__ void product(Factors f, Axis down, Axis across, int filter_width, unsigned, unsigned row_tile, unsigned side, Load load_given, Store store)
{
    constexpr int RUNS = Factors::TAP_TERMS / ROW_CHUNKS, PIECES = R * S * RUNS, TURNS = (PIECES + SLICES - 1) / SLICES, AHEAD = TURNS <= 3 ? TURNS : 2;
    constexpr int PIXEL_BYTES = RUNS * ROW_BYTES, LINE = TILE_COLUMNS + 4; // floats from a row's sums to the next
    constexpr int ACROSS = WARP_ROWS / 8;                                  // products of a warp
    constexpr int BANDS = ROW_TILES / N;                                   // of an image's rows, a block each
    static_assert(WARP_COLUMNS == 16 && Factors::TAP_TERMS % ROW_CHUNKS == 0 && Factors::PIXEL_CHUNKS == Factors::TAP_TERMS, "images are whole runs of channels");
    extern __shared__ __align__(128) char memory[];
    __shared__ Row table[TILE_ROWS];
    float* const sums_of_slices = reinterpret_cast<float*>(memory);
    const unsigned zeros = shared_address(memory) + SLICES * TILE_ROWS * LINE * sizeof(float), pixels_at = zeros + ROW_BYTES;

    const int height = down.places / (POOLED ? 2 : 1), width = across.places / (POOLED ? 2 : 1), results = height * width; // of an image
    const int rows = results * TOGETHER, n = row_tile / BANDS, first = row_tile % BANDS * TILE_ROWS;
    auto row_of = [=](int m) { return POOLED ? m / 4 / width * 2 + m / 2 % 2 : m / width; };
    auto column_of = [=](int m) { return POOLED ? m / 4 % width * 2 + m % 2 : m % width; };
    auto half = [=](int h, int w) { return (POOLED ? w : w + h * width) % 2u * 64; }; // where a pixel's first 64 bytes lie

    const int reach = (R - 1) * down.reach, last = min(first + TILE_ROWS, rows) - 1;
    const int top = max(row_of(first) + down.first + min(reach, 0), 0), bottom = min(row_of(last) + 1 + down.first + max(reach, 0), down.extent);
    const int chunks = (bottom - top) * across.extent * (RUNS * ROW_CHUNKS);
    const char* const image = (const char*)f.images + (size_t)((n * down.extent + top) * across.extent) * f.PIXEL_CHUNKS * 16;
    if (threadIdx.x < ROW_CHUNKS)
        copy_chunk(zeros + threadIdx.x * 16, f.images, false);
#pragma unroll
    for (int l = 0; l < (IMAGE_CHUNKS + THREADS - 1) / THREADS; l++) {
        const int i = threadIdx.x + l * THREADS, pixel = i / (RUNS * ROW_CHUNKS);
        if (i < chunks)
            copy_chunk((pixels_at + i * 16) ^ half(top + pixel / across.extent, pixel % across.extent), image + (size_t)i * 16, true);
    }
    commit_copies();

    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % WARPS, slice = threadIdx.x / 32 / WARPS, group = lane / 4, member = lane % 4;
    const int warp_row = warp % WARPS_DOWN * WARP_ROWS, warp_column = warp / WARPS_DOWN * WARP_COLUMNS;
    const char* filters_of[2]; // of the lane's columns
#pragma unroll
    for (int h = 0; h < 2; h++) {
        const int column = min(side + warp_column + h * 8 + group, Factors::COLUMNS - 1);
        filters_of[h] = (const char*)f.filters + ((size_t)column * f.FILTER_CHUNKS + member) * 16;
    }
    uint4 next[AHEAD][2][2];
    auto fetch = [&](int piece, uint4(&to)[2][2]) {
        const int tap = piece / RUNS, run = piece % RUNS, r = tap / S, s = tap % S;
        const int chunk = ((down.tap + r * down.every) * filter_width + across.tap + s * across.every) * f.TAP_CHUNKS + run * ROW_CHUNKS;
#pragma unroll
        for (int part = 0; part < 2; part++)
#pragma unroll
            for (int h = 0; h < 2; h++)
                to[part][h] = load_constant(filters_of[h] + (chunk + part * 4) * 16);
    };
#pragma unroll
    for (int a = 0; a < AHEAD; a++)
        if (slice + a * SLICES < PIECES)
            fetch(slice + a * SLICES, next[a]);

    // What the thread stores: quads of columns. Of two rows' that are loaded at once no two share a bank.
    constexpr int QUADS = TILE_COLUMNS / 4, STORES = (TILE_ROWS / TOGETHER * QUADS + THREADS - 1) / THREADS;
    auto row_to_store = [](unsigned i) { return QUADS == 4 && !POOLED ? i / 32 * 8 + i / 4 % 2 * 4 + i / 8 % 4 : i / QUADS; };
    decltype(load_given(0u, 0u)) given[STORES];
#pragma unroll
    for (int l = 0; l < STORES; l++) {
        const unsigned i = threadIdx.x + l * THREADS, result = first / TOGETHER + row_to_store(i), column = side + i % QUADS * 4;
        if (i < TILE_ROWS / TOGETHER * QUADS && result < results && column < f.COLUMNS)
            given[l] = load_given(n * results + result, column);
    }

    for (unsigned i = threadIdx.x; i < TILE_ROWS; i += THREADS) {
        const int m = min(first + int(i), rows - 1), h = row_of(m) + down.first, w = column_of(m) + across.first;
        table[i] = {pixels_at + ((h - top) * across.extent + w) * PIXEL_BYTES + half(h, w), down.outside(row_of(m)) | across.outside(column_of(m)) << MOST_TAPS};
    }

    float sums[ACROSS][4] = {};
    await_copies<0>();
    __syncthreads();
    Row of_lane[ACROSS];
#pragma unroll
    for (int j = 0; j < ACROSS; j++) {
        of_lane[j] = table[warp_row + j * 8 + group];
        of_lane[j].at ^= member * 16;
    }
#pragma unroll 1
    for (unsigned turn = 0; turn < TURNS; turn += AHEAD)
#pragma unroll
        for (int a = 0; a < AHEAD; a++) {
            const int piece = slice + (turn + a) * SLICES;
            if (piece >= PIECES)
                break;
            unsigned filters[4][4];
#pragma unroll
            for (int part = 0; part < 2; part++) {
                const uint4 even = next[a][part][0], odd = next[a][part][1];
                const unsigned both[8] = {even.x, odd.x, even.y, odd.y, even.z, odd.z, even.w, odd.w};
#pragma unroll
                for (int k = 0; k < 8; k++)
                    filters[part * 2 + k / 4][k % 4] = both[k];
            }
            if (piece + AHEAD * SLICES < PIECES)
                fetch(piece + AHEAD * SLICES, next[a]);
            const int tap = piece / RUNS, run = piece % RUNS, r = tap / S, s = tap % S;
            const int moved = (r * down.reach * across.extent + s * across.reach) * PIXEL_BYTES + run * ROW_BYTES;
            const unsigned turned = half(r * down.reach, s * across.reach), tap_bits = 1u << r | 1u << MOST_TAPS << s;
#pragma unroll
            for (int j = 0; j < ACROSS; j++) {
                const unsigned from = ((of_lane[j].outside & tap_bits) == 0 ? of_lane[j].at + moved : zeros + of_lane[j].at % ROW_BYTES) ^ turned;
#pragma unroll
                for (int part = 0; part < 2; part++) {
                    unsigned pixels[4];
                    load_quad(pixels, from ^ part * 64);
#pragma unroll
                    for (int h = 0; h < 2; h++)
                        multiply_add(sums[j], filters[part * 2 + h], pixels[2 * h], pixels[2 * h + 1]);
                }
            }
        }

    float* const to = sums_of_slices + (slice * TILE_ROWS + warp_row + member * 2) * LINE + warp_column + group;
#pragma unroll
    for (int j = 0; j < ACROSS; j++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            to[(j * 8 + i % 2) * LINE + i / 2 * 8] = sums[j][i];
    __syncthreads();
#pragma unroll
    for (int l = 0; l < STORES; l++) {
        const unsigned i = threadIdx.x + l * THREADS, row = row_to_store(i), result = first / TOGETHER + row, column = side + i % QUADS * 4;
        if (i >= TILE_ROWS / TOGETHER * QUADS || result >= results || column >= f.COLUMNS)
            continue;
        const float* const from = sums_of_slices + row * TOGETHER * LINE + i % QUADS * 4;
        Vector<4> together[TOGETHER] = {};
#pragma unroll
        for (int k = 0; k < TOGETHER; k++)
#pragma unroll
            for (int of = 0; of < SLICES; of++)
                add(together[k], load<4>(from + (of * TILE_ROWS + k) * LINE));
        store(n * results + result, column, together, given[l]);
    }
}
