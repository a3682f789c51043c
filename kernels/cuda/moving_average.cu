// Average = OLD · Average + FRESH · X.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS, OLD, FRESH.
// Sums: none.
extern "C" __global__ void moving_average(const float* __restrict__ x, float* __restrict__ average, const int* __restrict__ halt)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS && !*halt)
        average[i] = OLD * average[i] + FRESH * x[i];
}
