// Blocks: one warp along x.
// Macros: K (columns).
// Sums: each lane every 32nd column in order, then the lanes; see warp.cuh.
#include "warp.cuh"

struct Softmax { float top, sum; };

// softmax writes the softmax of a row of K values, with one warp, and returns the maximum and Σ exp(x − top). A NaN in the row
// makes all of it NaN.
__device__ Softmax softmax(const float* x, float* y)
{
    float top = x[0], sum = 0;
    for (size_t k = threadIdx.x; k < K; k += 32)
        top = fmaxf(top, x[k]);
    top = warp_max(top);
    for (size_t k = threadIdx.x; k < K; k += 32)
        sum += expf(x[k] - top);
    sum = warp_sum(sum);
    for (size_t k = threadIdx.x; k < K; k += 32)
        y[k] = expf(x[k] - top) / sum;
    return {top, sum};
}
