// Adds a batch's losses and right answers to running totals: totals = {loss, what its sum still owes, right, examples}. One block, one row a
// thread; the first thread sums the losses in order, with Kahan's compensation.

extern "C" __global__ void tally(const float* __restrict__ loss, const float* __restrict__ scores, const int* __restrict__ labels,
                                 float* __restrict__ totals)
{
    __shared__ float losses[256];
    __shared__ int kinds[256]; // 0 no example, 1 wrong, 2 right
    float sum = totals[0], owed = totals[1], right = totals[2], examples = totals[3];
    for (int first = 0; first < N; first += 256) {
        const int n = first + threadIdx.x;
        if (n < N) {
            const int label = labels[n];
            int best = 0;
            for (int k = 1; k < K; k++)
                if (scores[n * K + k] > scores[n * K + best])
                    best = k;
            losses[threadIdx.x] = loss[n];
            kinds[threadIdx.x] = label < 0 || label >= K ? 0 : 1 + (best == label);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            for (int i = 0; i < min(256, N - first); i++) {
                if (kinds[i] == 0)
                    continue;
                const float term = losses[i] - owed, next = sum + term;
                owed = (next - sum) - term;
                sum = next;
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
