// Y = X · SCALE, or 0 where an element's word of Philox4x32-10 lies below THRESHOLD.
// Blocks: thread i of the grid computes elements 4·i to 4·i + 3, with the four words of counter (i, step, 0, 0) and key (SEED, STREAM).
// Macros: ELEMENTS, WIDTH (of vectors), SEED, STREAM, THRESHOLD, SCALE.
// Sums: none.
#include "philox.cuh"
#include "vector.cuh"

extern "C" __global__ void dropout(const float* __restrict__ x, const int* __restrict__ step, float* __restrict__ y)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (4 * i >= ELEMENTS)
        return;
    const uint4 random = philox(make_uint4(i, *step, 0, 0), make_uint2(SEED, STREAM));

    const unsigned words[4] = {random.x, random.y, random.z, random.w};
    for (size_t word = 0; word < 4; word += WIDTH) {
        if (4 * i + word >= ELEMENTS)
            return;
        Vector<WIDTH> values = load<WIDTH>(x + 4 * i + word);
        for (int j = 0; j < WIDTH; j++)
            values.at[j] = words[word + j] >= THRESHOLD ? values.at[j] * SCALE : 0.0f;
        store(y + 4 * i + word, values);
    }
}
