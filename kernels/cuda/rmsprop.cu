// One step of RMSprop for every weight, centred if there is an average a, with momentum if there is an m.
// Blocks: thread i of the grid updates weight i.
// Macros: ELEMENTS, RHO, MOMENTUM, EPSILON.
// Sums: none.
extern "C" __global__ void rmsprop(float* __restrict__ weights, float* __restrict__ v, float* __restrict__ a, float* __restrict__ m,
                                   const float* __restrict__ dw, const float* __restrict__ rate, const int* __restrict__ halt)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS || *halt)
        return;
    const float g = dw[i], fresh = (float)(1 - RHO);
    float spread = (float)RHO * v[i] + fresh * (g * g);
    v[i] = spread;
    if (a) {
        const float mean = (float)RHO * a[i] + fresh * g;
        a[i] = mean;
        spread = fmaxf(spread - mean * mean, 0);
    }
    float change = *rate * g / sqrtf(spread + (float)EPSILON);
    if (m) {
        change += (float)MOMENTUM * m[i];
        m[i] = change;
    }
    weights[i] -= change;
}
