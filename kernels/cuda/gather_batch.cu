// A batch of examples out of a set of bytes: X [N H W C] = table[c][pixels[i]], Y [N] = labels[i], i = order[r], r = (at[0] - 1) N + n; zeros and the
// label -1 where i is negative or at[0] beyond at[1]. With places an image is moved and mirrored: pixel (h, w) is that at (y + ys h, x + xs w) of it
// within the rectangle from (top, left) to below (bottom, right), and outside[c] elsewhere.
// Blocks: thread t of the grid computes VALUES neighbouring elements of X, from element t VALUES on; the first thread of a row its label too.
// Macros: THREADS (of the grid), C, IMAGE (the elements of a row), VALUES (4, or 1 where rows are no multiples of 4).
// Sums: none.
#include "gather_batch.cuh"
#include "overlap.cuh"

#if VALUES == 4
typedef uchar4 Bytes;
typedef float4 Floats;
#else
typedef unsigned char Bytes;
typedef float Floats;
#endif

extern "C" __global__ void gather_batch(const unsigned char* __restrict__ pixels, const int* __restrict__ labels, const int* __restrict__ order,
                                        const int* __restrict__ at, const float* __restrict__ table, const int* __restrict__ places,
                                        const float* __restrict__ outside, float* __restrict__ x, int* __restrict__ y)
{
    let_later_begin();
    const int t = blockIdx.x * blockDim.x + threadIdx.x;
    wait_for_earlier();
    if (t >= THREADS)
        return;
    const int n = t / (IMAGE / VALUES), first = t % (IMAGE / VALUES) * VALUES;
    const Row row = row_of(n, at[0], at[1], order);
    const int i = row.example;
    union {
        Floats all;
        float each[VALUES];
    } values = {};
    if (i >= 0) {
        const unsigned char* image = pixels + (size_t)i * IMAGE;
#if PLACED
        for (int v = 0; v < VALUES; v++) {
            const int c = (first + v) % C, pixel = shown_pixel(row, places, (first + v) / (W * C), (first + v) / C % W);
            values.each[v] = pixel >= 0 ? table[c * 256 + image[pixel * C + c]] : outside[c];
        }
#else
        union {
            Bytes all;
            unsigned char each[VALUES];
        } bytes;
        bytes.all = *(const Bytes*)(image + first);
        for (int v = 0; v < VALUES; v++)
            values.each[v] = table[(first + v) % C * 256 + bytes.each[v]];
#endif
    }
    *(Floats*)(x + (size_t)t * VALUES) = values.all;
    if (first == 0)
        y[n] = i >= 0 ? labels[i] : -1;
}
