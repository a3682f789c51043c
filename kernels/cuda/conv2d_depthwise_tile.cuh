// Depthwise convolutions with one filter for each channel, in tiles of TILE_H by TILE_W outputs: what these see together is loaded once.
// Blocks: thread (x, y) of a block has channels WIDTH · (b mod CHANNEL_BLOCKS · THREADS_X + x) onwards of the tiles that b / CHANNEL_BLOCKS and y say,
// where b is the block's number. Tiles lie in the order of rows.
// Macros: N, K, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W (1), PAD_TOP, PAD_LEFT, WIDTH (divides K), TILE_H, TILE_W, TILE_ROWS,
// TILE_COLUMNS (tiles of an image), CHANNEL_BLOCKS, THREADS_X, THREADS_Y (of a block).
// Sums: none.
#include "vector.cuh"

static_assert(DILATION_H == 1 && DILATION_W == 1, "taps that are neighbours see neighbours");

typedef Vector<WIDTH> Values;

constexpr unsigned TILES = unsigned(N) * TILE_ROWS * TILE_COLUMNS;

// first_channel is the thread's, K or more if it has none.
__device__ unsigned first_channel() { return (blockIdx.x % CHANNEL_BLOCKS * THREADS_X + threadIdx.x) * WIDTH; }

// load_place has the thread's channels of a place of an image of N; beyond its border they are 0.
template <int HEIGHT, int BREADTH>
__device__ Values load_place(const float* images, int n, int h, int w)
{
    if (h < 0 || h >= HEIGHT || w < 0 || w >= BREADTH)
        return {};
    return load<WIDTH>(images + ((n * HEIGHT + h) * BREADTH + w) * K + first_channel());
}
