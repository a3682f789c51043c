// The images of a direct convolution in shared memory, the weights of whose few channels are all there too.
// Blocks: any number of threads along x.
// Macros: C, H, W, S, Q, STRIDE_W, PAD_LEFT, IMAGE_ROWS (of the part of an image that is kept), PITCH (of one of its rows, with its padding).
// Sums: none.

extern __shared__ __align__(16) float shared[];

constexpr int PLANE = IMAGE_ROWS * PITCH; // of a channel

// load_image_of fills planes of channels with rows first_row and on of an image, of which value(h, w, c) is an element. What lies outside is 0, and so is
// what no window sees, which may be a NaN.
template <class Value>
__device__ void load_image_of(float* image, int first_row, Value value)
{
    constexpr int SEEN = (Q - 1) * STRIDE_W + S; // columns of a row, with the padding
#pragma unroll 4
    for (unsigned i = threadIdx.x; i < IMAGE_ROWS * PITCH * C; i += blockDim.x) {
        const unsigned c = i % C, column = i / C % PITCH, row = i / C / PITCH, h = first_row + row, w = column - PAD_LEFT; // huge for those before the image
        const bool inside = h < H && w < W && column < SEEN;
        image[c * PLANE + row * PITCH + column] = inside ? value(h, w, c) : 0.0f;
    }
}

// load_image copies those of image n.
__device__ inline void load_image(float* image, const float* __restrict__ x, int n, int first_row)
{
    load_image_of(image, first_row, [=](int h, int w, int c) { return x[((n * H + h) * W + w) * C + c]; });
}
