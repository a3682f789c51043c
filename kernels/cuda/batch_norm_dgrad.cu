// DX = Gamma / √(Variance + EPSILON) · (DY − DYSum / M − (X − Mean) / √(Variance + EPSILON) · DYXSum / M) at the M places of examples, 0
// elsewhere. The difference of an infinite variance from itself is no number. No __restrict__: DX may be DY.
// Blocks: as in batch_norm.cuh.
// Macros: those of batch_norm.cuh.
// Sums: none. Counts are of integers.
#include "batch_norm.cuh"

extern "C" __global__ void batch_norm_dgrad(const float* x, const int* labels, const float* mean, const float* variance, const float* gamma,
                                            const float* dy, const float* dy_sum, const float* dyx_sum, float* dx)
{
    const unsigned c = column();
    const float places = count(labels);
    if (c >= C)
        return;
    const float spread = root(variance, c), center = mean[c];
    const float shift = dy_sum[c] / places, slope = dyx_sum[c] / places / spread, scale = (gamma ? gamma[c] : 1.0f) / spread + (variance[c] - variance[c]);
    each_row(labels, [&](size_t row, bool is_counted) {
        const size_t i = row + c;
        dx[i] = is_counted ? (dy[i] - shift - (x[i] - center) * slope) * scale : 0.0f;
    });
}
