// Y = Gamma · (X − Mean) / √(Variance + EPSILON) + Beta; no Gamma is 1, no Beta 0. The difference of an
// infinite variance from itself is no number.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS, C (columns), EPSILON.
// Sums: none.
extern "C" __global__ void batch_norm_fprop(const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ variance,
                                            const float* __restrict__ gamma, const float* __restrict__ beta, float* __restrict__ y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS)
        return;
    const int c = i % C;
    const float scale = (gamma ? gamma[c] : 1.0f) / sqrtf(variance[c] + EPSILON) + (variance[c] - variance[c]);
    y[i] = (x[i] - mean[c]) * scale + (beta ? beta[c] : 0.0f);
}
