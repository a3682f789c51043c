// Softmax with the cross-entropy of targets T [N K] over the rows of X [N K], plain or focal. A label outside [0, K) marks a row that is no example.
// Blocks: warp n of the grid computes row n, lane l of it every 32nd column from l on; for the gradient each warp counts the examples.
// Macros: N, K (rows and columns), ALPHA, GAMMA.
// Sums: each lane's columns in order, then the lanes; see warp.cuh. Counts are of integers.
#include "softmax.cuh"
#include "examples.cuh"

__device__ float focus(float rest) { return GAMMA == 0 ? 1.0f : powf(rest, GAMMA); }

extern "C" __global__ void categorical_fprop(const float* __restrict__ x, const float* __restrict__ targets,
                                                           const int* __restrict__ labels, float* __restrict__ y, float* __restrict__ loss)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N)
        return;
    const Softmax row = softmax(x + n * K, y + n * K);
    const float log_sum = logf(row.sum);
    float sum = 0;
    for (size_t k = threadIdx.x; k < K; k += 32) {
        const float surprise = log_sum + (row.top - x[n * K + k]);
        sum += ALPHA * targets[n * K + k] * focus(-expm1f(-surprise)) * surprise;
    }
    sum = warp_sum(sum);
    if (threadIdx.x == 0)
        loss[n] = is_label(labels[n]) ? sum : 0.0f;
}

// G of a column: see kernels.CategoricalCrossEntropyDgrad. surprise / rest goes to 1 where both go to 0.
__device__ float gradient(float surprise, float target)
{
    const float rest = -expm1f(-surprise), ratio = rest > 0 ? surprise / rest : 1;
    return -ALPHA * target * focus(rest) * (GAMMA * expf(-surprise) * ratio + 1);
}

extern "C" __global__ void categorical_dgrad(const float* __restrict__ x, const float* __restrict__ targets,
                                                           const int* __restrict__ labels, float* __restrict__ dx)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    const float scale = 1.0f / count_examples(labels);
    if (n >= N)
        return;
    const Softmax row = softmax(x + n * K, dx + n * K);
    const float log_sum = logf(row.sum);
    float sum = 0;
    for (size_t k = threadIdx.x; k < K; k += 32)
        sum += gradient(log_sum + (row.top - x[n * K + k]), targets[n * K + k]);
    sum = warp_sum(sum);
    for (size_t k = threadIdx.x; k < K; k += 32) {
        const float g = gradient(log_sum + (row.top - x[n * K + k]), targets[n * K + k]);
        dx[n * K + k] = is_label(labels[n]) ? (g - dx[n * K + k] * sum) * scale : 0.0f;
    }
}
