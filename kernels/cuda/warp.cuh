// Sums and maxima over the 32 lanes of a warp; every lane gets the result. The order is a fixed tree.

template <class Combine>
__device__ float warp_reduce(float value, Combine combine)
{
    for (int distance = 16; distance > 0; distance /= 2)
        value = combine(value, __shfl_xor_sync(0xffffffff, value, distance));
    return value;
}

__device__ float warp_sum(float value)
{
    return warp_reduce(value, [](float a, float b) { return a + b; });
}

__device__ float warp_max(float value)
{
    return warp_reduce(value, [](float a, float b) { return fmaxf(a, b); });
}
