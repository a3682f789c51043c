// Average = OLD · Average + FRESH · X of several averages, of which each has its own number of elements; of those that are absent it is 0.
// Blocks: thread i of those with the y of an average computes its element i.
// Macros: ELEMENTS0, ELEMENTS1, ELEMENTS2, ELEMENTS3, ELEMENTS4, ELEMENTS5, ELEMENTS6, ELEMENTS7, OLD, FRESH.
// Sums: none.
__device__ void move(int number, int elements, const float* x, float* average)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (blockIdx.y == number && i < elements)
        average[i] = OLD * average[i] + FRESH * x[i];
}

extern "C" __global__ void moving_averages(const float* __restrict__ x0, float* __restrict__ average0,
                                           const float* __restrict__ x1, float* __restrict__ average1,
                                           const float* __restrict__ x2, float* __restrict__ average2,
                                           const float* __restrict__ x3, float* __restrict__ average3,
                                           const float* __restrict__ x4, float* __restrict__ average4,
                                           const float* __restrict__ x5, float* __restrict__ average5,
                                           const float* __restrict__ x6, float* __restrict__ average6,
                                           const float* __restrict__ x7, float* __restrict__ average7,
                                           const int* __restrict__ halt)
{
    if (*halt)
        return;
    move(0, ELEMENTS0, x0, average0);
    move(1, ELEMENTS1, x1, average1);
    move(2, ELEMENTS2, x2, average2);
    move(3, ELEMENTS3, x3, average3);
    move(4, ELEMENTS4, x4, average4);
    move(5, ELEMENTS5, x5, average5);
    move(6, ELEMENTS6, x6, average6);
    move(7, ELEMENTS7, x7, average7);
}
