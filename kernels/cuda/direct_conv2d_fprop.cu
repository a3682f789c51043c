// Y = pool(f(X ∗ W + B)) for images of few channels, directly; see direct_conv2d_fprop.cuh.
// Blocks: as there.
// Macros: none of its own.
// Sums: as there.
#include "direct_conv2d_fprop.cuh"
#include "overlap.cuh"

extern "C" __global__ void __launch_bounds__(TILES_X * TILES_Y * GROUPS)
direct_conv2d_fprop(const float* __restrict__ x, const float* __restrict__ weights, const float* __restrict__ b, Stored* __restrict__ y,
                    int* __restrict__ index, unsigned char* __restrict__ places)
{
    float *filters = shared, *image = shared + (TAPS + 1) * FILTERS;
    const Tile tile = tile_of_block();
    let_later_begin();
    wait_for_earlier();
    load_filters(filters, tile, weights, b);
    load_image(image, x, tile.n, tile.first_row * STRIDE_H - PAD_TOP);
    __syncthreads();
    convolve(filters, image, tile, y, index, places);
}
