// Y = pool(f(X ∗ W + B)) as in direct_conv2d_fprop.cuh of a batch X that comes out of a set of bytes as in gather_batch.cu. It begins a step as tick.cu does: the batch
// is the one behind the last, number at[0] + 1. X itself is stored if it is asked for, and the labels are.
// Blocks: as there. Those of an image that compute its first filters store a share of X each, and the first one of them the label. The last block that has read
// which batch it is counts it.
// Macros: none of its own.
// Sums: as there.
#include "direct_conv2d_fprop.cuh"
#include "gather_batch.cuh"
#include "overlap.cuh"
#include "ticket.cuh"

constexpr int BYTES = 256, IMAGE = H * W * C;

extern "C" __global__ void __launch_bounds__(TILES_X * TILES_Y * GROUPS)
direct_conv2d_gathered_fprop(const unsigned char* __restrict__ pixels, const int* __restrict__ labels, const int* __restrict__ order, int* at,
                             const float* __restrict__ table, const int* __restrict__ moves, const float* __restrict__ outside, int* __restrict__ step,
                             const float* __restrict__ rates, float* __restrict__ rate, unsigned* __restrict__ ticket, float* __restrict__ x, int* __restrict__ classes,
                             const float* __restrict__ weights, const float* __restrict__ b, Stored* __restrict__ y, int* __restrict__ index,
                             unsigned char* __restrict__ places)
{
    float *filters = shared, *image = shared + (TAPS + 1) * FILTERS, *numbers = image + IMAGE_ROWS * PITCH * C; // numbers are the table's
    const Tile tile = tile_of_block();
    let_later_begin();
    wait_for_earlier();
    const int batch = at[0] + 1, batches = at[1];
    const Row row = row_of(tile.n, batch, batches, order);
    for (unsigned i = threadIdx.x; i < C * BYTES; i += blockDim.x)
        numbers[i] = table[i];
    load_filters(filters, tile, weights, b);
    __syncthreads();

    const unsigned char* bytes = pixels + (size_t)max(row.example, 0) * IMAGE;
    const auto value = [&](int h, int w, int c) {
        if (row.example < 0)
            return 0.0f;
        const int pixel = shown_pixel(row, moves, h, w);
        return pixel < 0 ? outside[c] : numbers[c * BYTES + bytes[pixel * C + c]];
    };
    load_image_of(image, tile.first_row * STRIDE_H - PAD_TOP, value);
    if (blockIdx.y == 0) {
        const unsigned share = blockIdx.x % (BANDS * PARTS);
        for (unsigned i = share * blockDim.x + threadIdx.x; x && i < IMAGE; i += BANDS * PARTS * blockDim.x)
            x[tile.n * IMAGE + i] = value(i / C / W, i / C % W, i % C);
        if (share == 0 && threadIdx.x == 0)
            classes[tile.n] = row.example < 0 ? -1 : labels[row.example];
    }
    __syncthreads();
    if (threadIdx.x == 0 && comes_last(ticket)) {
        at[0] = batch;
        if (step)
            ++*step;
        if (rates)
            *rate = rates[min(batch, batches) - 1];
    }
    convolve(filters, image, tile, y, index, places);
}
