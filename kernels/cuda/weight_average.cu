// Moves the averages of weights towards them, and in every OVERWRITE-th step takes the weights to their averages.
// Blocks: thread i of the grid computes weight i.
// Macros: ELEMENTS, OLD, FRESH, OVERWRITE (0 for never).
// Sums: none.
extern "C" __global__ void weight_average(float* __restrict__ weights, float* __restrict__ average, const int* __restrict__ step,
                                          const int* __restrict__ halt)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS || *halt)
        return;
    const float a = *step == 1 ? weights[i] : OLD * average[i] + FRESH * weights[i];
    average[i] = a;
#if OVERWRITE > 0
    if (*step % OVERWRITE == 0)
        weights[i] = a;
#endif
}
