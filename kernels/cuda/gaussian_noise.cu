// Y = X + DEVIATION · z with normal numbers z, two of two words of Philox4x32-10 by the way of Box and Muller.
// Blocks: thread i of the grid computes elements 4·i to 4·i + 3, with the four words of counter (i, step, 0, 0) and key (SEED, STREAM).
// Macros: ELEMENTS, WIDTH (of vectors), SEED, STREAM, DEVIATION.
// Sums: none.
#include "philox.cuh"
#include "vector.cuh"

// box_muller makes two normal numbers of two random words.
__device__ float2 box_muller(unsigned first, unsigned second)
{
    const float u = ((first >> 8) + 1) * 0x1p-24f, v = (second >> 8) * 0x1p-23f; // v counts half turns
    const float radius = sqrtf(-2.0f * logf(u));
    return make_float2(radius * cospif(v), radius * sinpif(v));
}

extern "C" __global__ void gaussian_noise(const float* __restrict__ x, const int* __restrict__ step, float* __restrict__ y)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (4 * i >= ELEMENTS)
        return;
    const uint4 random = philox(make_uint4(i, *step, 0, 0), make_uint2(SEED, STREAM));
    const float2 front = box_muller(random.x, random.y), back = box_muller(random.z, random.w);

    const float normals[4] = {front.x, front.y, back.x, back.y};
    for (size_t word = 0; word < 4; word += WIDTH) {
        if (4 * i + word >= ELEMENTS)
            return;
        Vector<WIDTH> values = load<WIDTH>(x + 4 * i + word);
        for (int j = 0; j < WIDTH; j++)
            values.at[j] += DEVIATION * normals[word + j];
        store(y + 4 * i + word, values);
    }
}
