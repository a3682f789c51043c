// One step of Lion for every weight.
// Blocks: thread i of the grid updates weight i.
// Macros: ELEMENTS, BETA1, BETA2.
// Sums: none.
extern "C" __global__ void lion(float* __restrict__ weights, float* __restrict__ m, const float* __restrict__ dw,
                                const float* __restrict__ rate, const int* __restrict__ halt)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS || *halt)
        return;
    const float g = dw[i], mean = m[i];
    const float direction = (float)BETA1 * mean + (float)(1 - BETA1) * g;
    m[i] = (float)BETA2 * mean + (float)(1 - BETA2) * g;
    weights[i] -= direction > 0 ? *rate : direction < 0 ? -*rate : direction;
}
