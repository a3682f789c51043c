// Halt = Step if X holds a NaN or an infinity and Halt is 0. Each block says whether it found one; finite_check_halt looks at what they say.

extern "C" __global__ void finite_check(const float* __restrict__ x, const int*, int*, int* __restrict__ found)
{
    bool bad = false;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < ELEMENTS; i += gridDim.x * blockDim.x)
        bad |= !isfinite(x[i]);
    bad = __syncthreads_or(bad);
    if (threadIdx.x == 0)
        found[blockIdx.x] = bad;
}

extern "C" __global__ void finite_check_halt(const float*, const int* __restrict__ step, int* __restrict__ halt, const int* __restrict__ found)
{
    bool bad = false;
    for (int i = threadIdx.x; i < BLOCKS; i += blockDim.x)
        bad |= found[i] != 0;
    bad = __syncthreads_or(bad);
    if (threadIdx.x == 0 && bad && *halt == 0)
        *halt = *step;
}
