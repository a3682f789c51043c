// One step of Adam for every weight.
// Blocks: thread i of the grid updates weight i; the first thread of each block computes the step's rate, in double as the CPU does.
// Macros: ELEMENTS, BETA1, BETA2, EPSILON.
// Sums: none.
extern "C" __global__ void adam(float* __restrict__ weights, float* __restrict__ m, float* __restrict__ v, const float* __restrict__ dw,
                                const float* __restrict__ rate, const int* __restrict__ step, const int* __restrict__ halt)
{
    __shared__ float alpha;
    if (*halt)
        return;
    if (threadIdx.x == 0)
        alpha = *rate * sqrt(1 - pow(BETA2, (double)*step)) / (1 - pow(BETA1, (double)*step));
    __syncthreads();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS)
        return;
    const float g = dw[i];
    const float mean = m[i] + (float)(1 - BETA1) * (g - m[i]);
    const float square = v[i] + (float)(1 - BETA2) * (g * g - v[i]);
    m[i] = mean;
    v[i] = square;
    weights[i] -= alpha * mean / (sqrtf(square) + (float)EPSILON);
}
