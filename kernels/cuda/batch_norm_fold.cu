// FoldedW[d,k] = W[d,k] · S[k] and FoldedB[k] = (B[k] − Mean[k]) · S[k] + Beta[k] with S = Gamma / √(Variance + EPSILON); no Gamma is 1, no B and no
// Beta 0. The difference of an infinite variance from itself is no number.
// Blocks: thread i of the grid computes element i of FoldedW, and of FoldedB if it has one.
// Macros: ELEMENTS, K (channels), EPSILON.
// Sums: none.
extern "C" __global__ void batch_norm_fold(const float* __restrict__ weights, const float* __restrict__ b, const float* __restrict__ mean,
                                           const float* __restrict__ variance, const float* __restrict__ gamma, const float* __restrict__ beta,
                                           float* __restrict__ folded_w, float* __restrict__ folded_b)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS)
        return;
    const int k = i % K;
    const float scale = (gamma ? gamma[k] : 1.0f) / sqrtf(variance[k] + EPSILON) + (variance[k] - variance[k]);
    folded_w[i] = weights[i] * scale;
    if (i < K)
        folded_b[i] = ((b ? b[i] : 0.0f) - mean[i]) * scale + (beta ? beta[i] : 0.0f);
}
