// Y = X · SCALE, or 0 where an element's word of Philox4x32-10 lies below THRESHOLD.
// Blocks: thread i of the grid computes elements 4·i to 4·i + 3, with the four words of counter (i, step, 0, 0) and key (SEED, STREAM).
// Macros: ELEMENTS, SEED, STREAM, THRESHOLD, SCALE.
// Sums: none.
__device__ uint4 philox(uint4 counter, uint2 key)
{
    for (int round = 0; round < 10; round++) {
        const unsigned hi0 = __umulhi(0xD2511F53u, counter.x), lo0 = 0xD2511F53u * counter.x;
        const unsigned hi1 = __umulhi(0xCD9E8D57u, counter.z), lo1 = 0xCD9E8D57u * counter.z;
        counter = make_uint4(hi1 ^ counter.y ^ key.x, lo1, hi0 ^ counter.w ^ key.y, lo0);
        key.x += 0x9E3779B9u;
        key.y += 0xBB67AE85u;
    }
    return counter;
}

extern "C" __global__ void dropout(const float* __restrict__ x, const int* __restrict__ step, float* __restrict__ y)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (4 * i >= ELEMENTS)
        return;
    const uint4 random = philox(make_uint4(i, *step, 0, 0), make_uint2(SEED, STREAM));

    const unsigned words[4] = {random.x, random.y, random.z, random.w};
    for (int word = 0; word < 4; word++)
        if (4 * i + word < ELEMENTS)
            y[4 * i + word] = words[word] >= THRESHOLD ? x[4 * i + word] * SCALE : 0.0f;
}
