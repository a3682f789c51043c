// Adds a batch's losses and right answers to running totals: totals = {loss, what its sum still owes, right, examples}.
// Blocks: one along x, of THREADS threads, a row of scores a thread, THREADS rows at a time.
// Macros: N, K (rows and columns), THREADS.
// Sums: losses in order, by the first thread, with Kahan's compensation.
#include "compensated.cuh"

__device__ inline void add_to_tally(const float* __restrict__ loss, const float* __restrict__ scores, const int* __restrict__ labels, float* __restrict__ totals)
{
    __shared__ float losses[THREADS];
    __shared__ int kinds[THREADS]; // 0 no example, 1 wrong, 2 right
    float sum = totals[0], owed = totals[1], right = totals[2], examples = totals[3];
    for (unsigned first = 0; first < N; first += THREADS) {
        const unsigned n = first + threadIdx.x;
        if (n < N) {
            const int label = labels[n];
            const float* row = scores + n * K;
            int best = 0;
            for (int k = 1; k < K; k++)
                if (row[k] > row[best])
                    best = k;
            losses[threadIdx.x] = loss[n];
            kinds[threadIdx.x] = label < 0 || label >= K ? 0 : 1 + (best == label);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            for (unsigned i = 0; i < min(THREADS, N - first); i++) {
                if (kinds[i] == 0)
                    continue;
                add_compensated(&sum, &owed, losses[i]);
                right += kinds[i] == 2;
                examples++;
            }
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        totals[0] = sum;
        totals[1] = owed;
        totals[2] = right;
        totals[3] = examples;
    }
}
