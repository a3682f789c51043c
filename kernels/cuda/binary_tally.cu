// Adds a batch's losses and shares of right classes to running totals: totals = {loss, what its sum still owes, right, examples, what right owes}.
// Blocks: one, a row of scores a thread, THREADS rows at a time.
// Macros: N, K (rows and columns), THREADS.
// Sums: losses and shares in order, by the first thread, with Kahan's compensation.
#include "compensated.cuh"

extern "C" __global__ void binary_tally(const float* __restrict__ loss, const float* __restrict__ scores, const float* __restrict__ targets,
                                        const int* __restrict__ labels, float* __restrict__ totals)
{
    __shared__ float losses[THREADS];
    __shared__ float shares[THREADS]; // -1 of a row that is no example
    float sum = totals[0], owed = totals[1], right = totals[2], examples = totals[3], right_owed = totals[4];
    for (unsigned first = 0; first < N; first += THREADS) {
        const unsigned n = first + threadIdx.x;
        if (n < N) {
            int same = 0;
            for (int k = 0; k < K; k++)
                same += (scores[n * K + k] > 0.5f) == (targets[n * K + k] > 0.5f);
            losses[threadIdx.x] = loss[n];
            shares[threadIdx.x] = labels[n] < 0 || labels[n] >= K ? -1.0f : (float)same / K;
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            for (unsigned i = 0; i < min(THREADS, N - first); i++) {
                if (shares[i] < 0)
                    continue;
                add_compensated(&sum, &owed, losses[i]);
                add_compensated(&right, &right_owed, shares[i]);
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
        totals[4] = right_owed;
    }
}
