// One step of LAMB for the weights of a parameter.
// Blocks: each of lamb_moments updates moments and sums the squares of weights and directions, thread i of the grid those of every (threads of
// the grid)-th element from i on; thread i of the grid of lamb updates weight i, after each of its blocks has summed those sums anew.
// Macros: ELEMENTS, BLOCKS (of lamb_moments), THREADS (of a block), BETA1, BETA2, EPSILON.
// Sums: in double: each thread its elements in order, then the threads of a block; then the blocks likewise; see block.cuh.
#include "block.cuh"

struct Scales { float first, second; };

// scales makes up for moments that begin as zeros; the first thread of each block computes it, in double as the CPU does.
__device__ Scales scales(const int* step)
{
    __shared__ Scales s;
    if (threadIdx.x == 0)
        s = {(float)(1 / (1 - pow(BETA1, (double)*step))), (float)(1 / (1 - pow(BETA2, (double)*step)))};
    __syncthreads();
    return s;
}

__device__ float direction(float m, float v, Scales s) { return m * s.first / (sqrtf(v * s.second) + (float)EPSILON); }

extern "C" __global__ void lamb_moments(float* __restrict__ weights, float* __restrict__ m, float* __restrict__ v,
                                        const float* __restrict__ dw, const float* __restrict__ rate, const int* __restrict__ step,
                                        const int* __restrict__ halt, double* __restrict__ sums)
{
    if (*halt)
        return;
    const Scales s = scales(step);
    double w2 = 0, r2 = 0;
    for (size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < ELEMENTS; i += gridDim.x * blockDim.x) {
        const float g = dw[i], w = weights[i];
        const float mean = m[i] + (float)(1 - BETA1) * (g - m[i]);
        const float square = v[i] + (float)(1 - BETA2) * (g * g - v[i]);
        m[i] = mean;
        v[i] = square;
        const float r = direction(mean, square, s);
        w2 += (double)w * w;
        r2 += (double)r * r;
    }
    w2 = block_sum(w2);
    r2 = block_sum(r2);
    if (threadIdx.x == 0) {
        sums[2 * blockIdx.x] = w2;
        sums[2 * blockIdx.x + 1] = r2;
    }
}

extern "C" __global__ void lamb(float* __restrict__ weights, float* __restrict__ m, float* __restrict__ v, const float* __restrict__ dw,
                                const float* __restrict__ rate, const int* __restrict__ step, const int* __restrict__ halt,
                                const double* __restrict__ sums)
{
    if (*halt)
        return;
    const Scales s = scales(step);
    double w2 = 0, r2 = 0;
    for (unsigned block = threadIdx.x; block < BLOCKS; block += THREADS) {
        w2 += sums[2 * block];
        r2 += sums[2 * block + 1];
    }
    w2 = block_sum(w2);
    r2 = block_sum(r2);
    const float ratio = w2 > 0 && r2 > 0 ? sqrt(w2) / sqrt(r2) : 1;
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        weights[i] -= *rate * ratio * direction(m[i], v[i], s);
}
