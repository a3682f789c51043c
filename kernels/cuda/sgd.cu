// One step of stochastic gradient descent for every weight, with momentum if there is a velocity v.
// Blocks: thread i of the grid updates weight i.
// Macros: ELEMENTS, MOMENTUM, NESTEROV (0 or 1).
// Sums: none.
extern "C" __global__ void sgd(float* __restrict__ weights, float* __restrict__ v, const float* __restrict__ dw,
                               const float* __restrict__ rate, const int* __restrict__ halt)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS || *halt)
        return;
    const float change = -*rate * dw[i];
    if (!v) {
        weights[i] += change;
        return;
    }
    const float velocity = MOMENTUM * v[i] + change;
    v[i] = velocity;
    weights[i] += NESTEROV ? MOMENTUM * velocity + change : velocity;
}
