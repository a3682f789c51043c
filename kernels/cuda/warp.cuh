// Sums and maxima over the 32 lanes of a warp; every lane gets the result.
// Blocks: one warp along x.
// Macros: none.
// Sums: a fixed tree, lanes 16 apart first.

template <class T, class Combine>
__device__ T warp_reduce(T value, Combine combine)
{
    for (int distance = 16; distance > 0; distance /= 2)
        value = combine(value, __shfl_xor_sync(0xffffffff, value, distance));
    return value;
}

template <class T>
__device__ T warp_sum(T value)
{
    return warp_reduce(value, [](T a, T b) { return a + b; });
}

__device__ float warp_max(float value)
{
    return warp_reduce(value, [](float a, float b) { return fmaxf(a, b); });
}
