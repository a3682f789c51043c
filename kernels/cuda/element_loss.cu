// The mean over the K values of each row of a loss of X [N K] with targets T [N K]. A label outside [0, K) marks a row that is no example.
// Blocks: warp n of the grid computes row n, lane l of it every 32nd column from l on; for the gradient each warp counts the examples.
// Macros: N, K (rows and columns), VALUE, GRADIENT (expressions in x and t), DELTA, ALPHA, GAMMA (those that the function has, others 0).
// Sums: each lane's columns in order, then the lanes; see warp.cuh. Counts are of integers.
#include "warp.cuh"
#include "examples.cuh"

__device__ float sigmoid(float x) { return 1 / (1 + expf(-x)); }

__device__ float focus(float q) { return GAMMA == 0 ? 1.0f : powf(q, GAMMA); }

__device__ float balance(float t) { return ALPHA == 0 ? 1.0f : t * ALPHA + (1 - t) * (1 - ALPHA); }

// miss is how far the probability of a logit is off its target.
__device__ float miss(float x, float t) { return t * sigmoid(-x) + (1 - t) * sigmoid(x); }

__device__ float cross_entropy(float x, float t) { return fmaxf(x, 0) - x * t + log1pf(expf(-fabsf(x))); }

__device__ float focal_gradient(float x, float t)
{
    const float p = sigmoid(x), q = miss(x, t), share = q > 0 ? p * sigmoid(-x) / q : 1;
    return balance(t) * focus(q) * (GAMMA * (1 - 2 * t) * share * cross_entropy(x, t) + (p - t));
}

__device__ float huber(float off) { return off > DELTA ? DELTA * (off - DELTA / 2) : off * off / 2; }

__device__ float value(float x, float t) { return VALUE; }

__device__ float gradient(float x, float t) { return GRADIENT; }

extern "C" __global__ void element_loss_fprop(const float* __restrict__ x, const float* __restrict__ targets, const int* __restrict__ labels,
                                              float* __restrict__ loss)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N)
        return;
    float sum = 0;
    for (size_t k = threadIdx.x; k < K; k += 32)
        sum += value(x[n * K + k], targets[n * K + k]) / K; // of undivided ones the sum may overflow
    sum = warp_sum(sum);
    if (threadIdx.x == 0)
        loss[n] = is_label(labels[n]) ? sum : 0.0f;
}

extern "C" __global__ void element_loss_dgrad(const float* __restrict__ x, const float* __restrict__ targets, const int* __restrict__ labels,
                                              float* __restrict__ dx)
{
    const int n = blockIdx.x * blockDim.y + threadIdx.y;
    const float scale = 1.0f / count_examples(labels) / K;
    if (n >= N)
        return;
    for (size_t k = threadIdx.x; k < K; k += 32)
        dx[n * K + k] = is_label(labels[n]) ? gradient(x[n * K + k], targets[n * K + k]) * scale : 0.0f;
}
