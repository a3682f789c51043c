// One step of Adagrad for every weight.
// Blocks: thread i of the grid updates weight i.
// Macros: ELEMENTS, INITIAL, EPSILON.
// Sums: none.
extern "C" __global__ void adagrad(float* __restrict__ weights, float* __restrict__ v, const float* __restrict__ dw,
                                   const float* __restrict__ rate, const int* __restrict__ halt)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS || *halt)
        return;
    const float g = dw[i], square = v[i] + g * g;
    v[i] = square;
    weights[i] -= *rate * g / sqrtf(INITIAL + square + EPSILON);
}
