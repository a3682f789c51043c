// Which examples a batch shows of a set of bytes, and which of their pixels; see gather_batch.cu.
// Blocks: any.
// Macros: N, W (rows of a batch, columns of an image), PLACED (whether there are places).
// Sums: none.

struct Place {
    int y, ys, x, xs, top, bottom, left, right;
};

// Row is a row of a batch: its place in the order, and the example that it shows, -1 if it shows none.
struct Row {
    size_t place;
    int example;
};

// row_of is row n of a batch, counted from 1, of so many.
__device__ inline Row row_of(int n, int batch, int batches, const int* __restrict__ order)
{
    const size_t place = (size_t)(batch - 1) * N + n;
    return {place, batch <= batches ? order[place] : -1};
}

// shown_pixel is the pixel of the example that is shown at (h, w), -1 where there is none.
__device__ inline int shown_pixel(const Row& row, const int* __restrict__ places, int h, int w)
{
    if (!PLACED)
        return h * W + w;
    const Place p = ((const Place*)places)[row.place];
    const bool inside = h >= p.top && h < p.bottom && w >= p.left && w < p.right;
    return inside ? (p.y + p.ys * h) * W + p.x + p.xs * w : -1;
}
