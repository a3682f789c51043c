// Softmax with sparse categorical cross-entropy over the rows of X [N K]. A label outside [0, K) marks a row that is no example.
// Blocks: warp n of the grid computes row n, lane l of it every 32nd column from l on; for the gradient each warp counts the examples.
// Macros: N, K (rows and columns), TARGET and OTHER (what the label's class and all others should have).
// Sums: each lane's columns in order, then the lanes; see warp.cuh. Counts are of integers.
#include "softmax.cuh"
#include "examples.cuh"

extern "C" __global__ void cross_entropy_fprop(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ y,
                                               float* __restrict__ loss)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N)
        return;
    const Softmax row = softmax(x + n * K, y + n * K);
    const int label = labels[n];
    const float log_sum = logf(row.sum);
    float all = 0;
    if (OTHER > 0) {
        for (size_t k = threadIdx.x; k < K; k += 32)
            all += OTHER * (log_sum + (row.top - x[n * K + k])); // without the factor the sum may overflow
        all = warp_sum(all);
    }
    if (threadIdx.x == 0)
        loss[n] = is_label(label) ? all + (TARGET - OTHER) * (log_sum + (row.top - x[n * K + label])) : 0.0f;
}

// DX = (Y − Q) / examples
extern "C" __global__ void cross_entropy_dgrad(const float* __restrict__ y, const int* __restrict__ labels, float* __restrict__ dx)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    const float scale = 1.0f / count_examples(labels);
    if (n >= N)
        return;
    const int label = labels[n];
    for (size_t k = threadIdx.x; k < K; k += 32)
        dx[n * K + k] = is_label(label) ? (y[n * K + k] - (k == label ? TARGET : OTHER)) * scale : 0.0f;
}
