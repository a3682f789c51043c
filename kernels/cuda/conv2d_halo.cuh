// Images of a product, of conv2d_product.cuh, whose taps find what they read in shared memory, so that no pixel is copied once for each tap. Where strides are
// 1 and the result is as large as the images, the pixel of row m by a tap is m plus a number that only the tap knows: all taps of neighbouring rows
// meet neighbouring pixels, HALO more than there are rows. For a run of 8 chunks of channels, a block holds these pixels as rows of 128 bytes, and
// those of the next run are copied meanwhile. Chunk c of pixel p is at c XOR p mod 8, and a tap outside the image reads a row of zeros as if it lay there.
//
// Blocks: those of conv2d_product.cuh.
// Macros: R, S.
// Sums: terms (run of channels, tap, channel) in order.
template <class Factors>
struct Images {
    static constexpr int TAPS = R * S, RUNS = Factors::TAP_TERMS / ROW_CHUNKS, PIXELS = TILE_ROWS + HALO, RUN_BYTES = PIXELS * ROW_BYTES;
    static constexpr int HELD_RUNS = RUNS > 1 ? 2 : 1, HELD_BYTES = ROW_BYTES + HELD_RUNS * RUN_BYTES, ROWS = 0;
    static constexpr int ALL_LOADS = (PIXELS + AT_ONCE - 1) / AT_ONCE, LATE = STAGES - 1; // tiles of a run, before whose copies the run before is still read
    static constexpr int LOADS = RUNS > 1 ? (ALL_LOADS + TAPS - LATE - 1) / (TAPS - LATE) : 0; // of the next run, with each other tile
    static_assert(Factors::TAP_TERMS % ROW_CHUNKS == 0 && AT_ONCE % 8 == 0, "runs of channels are whole");
    static_assert(TAPS > LATE, "the next run is copied while this one is read");

    const Axis down, across;
    const Narrow* const images;
    const int row, before; // the first pixel that is held
    const unsigned pixels; // of the images
    const unsigned zeros_at, runs_at;
    const int lane_row;
    unsigned outside[WARP_ROWS / 16]; // a bit for each row of taps, and behind them for each column
    unsigned rows_at[WARP_ROWS / 16];

    __device__ Images(const Factors& f, const Axis& down, const Axis& across, unsigned results, unsigned top, unsigned base, int warp_row)
        : down(down), across(across), images(f.images), row(threadIdx.x / ROW_CHUNKS),
          before((int)top + nearest(down) * across.extent + nearest(across)), pixels(results), zeros_at(base), runs_at(base + ROW_BYTES),
          lane_row(warp_row + threadIdx.x % 16)
    {
#pragma unroll
        for (int i = 0; i < WARP_ROWS / 16; i++) {
            const unsigned m = top + lane_row + i * 16;
            outside[i] = m < results ? down.outside(m / across.places % down.places) | across.outside(m % across.places) << MOST_TAPS : ~0u;
        }
    }

    // nearest is how far the first tap reaches, or the last where they reach back.
    static __device__ int nearest(const Axis& a) { return a.first + min(0, (a.taps - 1) * a.reach); }

    __device__ Term term(int tile, int chunk) const
    {
        const int tap = tile % TAPS, run = tile / TAPS;
        return {tap / S, tap % S, run * ROW_CHUNKS + chunk, run < RUNS};
    }

    __device__ void begin()
    {
        if (threadIdx.x < ROW_CHUNKS)
            copy_chunk(zeros_at + threadIdx.x * 16, images, false);
#pragma unroll
        for (int l = 0; l < ALL_LOADS; l++)
            copy_pixel(row + l * AT_ONCE, 0);
    }

    __device__ void copy(int tile, const Term&, unsigned) const
    {
        const int run = tile / TAPS + 1, first = (tile % TAPS - LATE) * LOADS;
#pragma unroll
        for (int l = 0; l < LOADS; l++)
            copy_pixel(row + (first + l) * AT_ONCE, run);
    }

    // copy_pixel begins to copy the thread's chunk of a pixel among those that are held of a run, if there are both.
    __device__ void copy_pixel(int at, int run) const
    {
        const int chunk = threadIdx.x % ROW_CHUNKS, pixel = before + at;
        copy_chunk_if((unsigned)at < PIXELS && run < RUNS, runs_at + run % HELD_RUNS * RUN_BYTES + at * ROW_BYTES + (chunk ^ row % 8) * 16,
                      images + (long long)(pixel * Factors::PIXEL_CHUNKS + run * ROW_CHUNKS + chunk) * CHUNK, (unsigned)pixel < pixels);
    }

    __device__ void find(int tile)
    {
        const int tap = tile % TAPS, r = tap / S, s = tap % S;
        const int at = lane_row + (down.first + r * down.reach - nearest(down)) * across.extent + across.first + s * across.reach - nearest(across);
        const unsigned bits = 1u << r | 1u << MOST_TAPS << s, chunk_at = (threadIdx.x % 32 / 16 ^ at % 8) * 16;
        const unsigned inside = runs_at + tile / TAPS % HELD_RUNS * RUN_BYTES + at * ROW_BYTES;
#pragma unroll
        for (int i = 0; i < WARP_ROWS / 16; i++)
            rows_at[i] = ((outside[i] & bits) == 0 ? inside + i * 16 * ROW_BYTES : zeros_at) + chunk_at;
    }

    __device__ unsigned fragment(int i, int step, unsigned) const { return rows_at[i] ^ step * 32; }
};
