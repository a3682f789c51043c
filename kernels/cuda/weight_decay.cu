// Takes a part of every weight away.
// Blocks: thread i of the grid updates weight i.
// Macros: ELEMENTS, DECAY.
// Sums: none.
extern "C" __global__ void weight_decay(float* __restrict__ weights, const float* __restrict__ rate, const int* __restrict__ halt)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS && !*halt)
        weights[i] -= *rate * DECAY * weights[i];
}
