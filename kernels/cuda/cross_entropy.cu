// Softmax with sparse categorical cross-entropy, one warp for each row of logits. A label outside [0, K) marks a row that is no
// example.
#include "softmax.cuh"

__device__ bool is_label(int label) { return label >= 0 && label < K; }

extern "C" __global__ void cross_entropy_fprop(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ y,
                                               float* __restrict__ loss)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N)
        return;
    const Softmax s = softmax(x + n * K, y + n * K);
    if (threadIdx.x == 0) {
        const int label = labels[n];
        loss[n] = is_label(label) ? logf(s.sum) + (s.top - x[n * K + label]) : 0.0f;
    }
}

// DX = (Y − onehot) / examples
extern "C" __global__ void cross_entropy_dgrad(const float* __restrict__ y, const int* __restrict__ labels, float* __restrict__ dx)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    int examples = 0;
    for (int i = threadIdx.x; i < N; i += 32)
        examples += is_label(labels[i]);
    examples = max((int)warp_sum(examples), 1); // exact: below 2^24
    if (n >= N)
        return;
    const float scale = 1.0f / examples;
    const int label = labels[n];
    for (int k = threadIdx.x; k < K; k += 32)
        dx[n * K + k] = is_label(label) ? (y[n * K + k] - (k == label)) * scale : 0.0f;
}
