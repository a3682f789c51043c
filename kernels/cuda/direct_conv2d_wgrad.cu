// Parts of DW[r,s,c,k] = Σ_{n,p,q} X[n, p·STRIDE_H + r − PAD_TOP, q·STRIDE_W + s − PAD_LEFT, c] · DY[n,p,q,k] and, if it is asked for, DB[k] = Σ DY[n,p,q,k], for
// images of few channels, directly. Where v, the output of a ReLU, is given, DY is 0 where v is not above 0.
// Blocks: block x sums items ITEMS · x / BLOCKS and on, each of BAND rows of DY of an image; block y the filters from y * 8 * GROUPS on. A thread has S taps
// (r,c) of 8 filters, of which the second four lie 4 * GROUPS behind the first, and of the runs of 4 positions every SPLIT-th.
// Macros: C, K, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, PAD_TOP, PAD_LEFT, IMAGE_ROWS, PITCH, BAND, ITEMS, BLOCKS, GROUPS, SPLIT, COLUMNS (of DY's rows in
// shared memory).
// Sums: positions of a thread in order, then the threads of a sum in order.
#include "direct_conv2d.cuh"
#include "direct_conv2d_parts.cuh"

constexpr int FILTERS = 8 * GROUPS, TAPS = R * S * C, RUN = 4, RUNS = COLUMNS / RUN, SUMS = TAPS + 1; // the last is the bias's gradient

extern "C" __global__ void __launch_bounds__(R * C * GROUPS * SPLIT)
direct_conv2d_wgrad(const float* __restrict__ x, const float* __restrict__ dy, const float* __restrict__ v,
                    const int* __restrict__ step, int* __restrict__ halt, float* __restrict__ parts, float* __restrict__ bias_parts)
{
    float *gradients = shared, *image = shared + BAND * COLUMNS * FILTERS;
    const int first_filter = blockIdx.y * FILTERS;
    const int group = threadIdx.x % GROUPS, role = threadIdx.x / GROUPS % (R * C), turn = threadIdx.x / (GROUPS * R * C);
    const int r = role / C, c = role % C;
    float sums[S][8] = {}, bias[8] = {};
    const int first = (long long)ITEMS * blockIdx.x / BLOCKS, last = (long long)ITEMS * (blockIdx.x + 1) / BLOCKS;
    for (int item = first; item < last; item++) {
        constexpr int BANDS = (P + BAND - 1) / BAND;
        const int n = item / BANDS, top = item % BANDS * BAND;
        load_image(image, x, n, top * STRIDE_H - PAD_TOP);
#pragma unroll 4
        for (unsigned i = threadIdx.x; i < BAND * COLUMNS * FILTERS; i += blockDim.x) {
            const int k = first_filter + i % FILTERS, q = i / FILTERS % COLUMNS, p = top + i / FILTERS / COLUMNS;
            const bool inside = k < K && q < Q && p < P;
            const int at = ((n * P + p) * Q + q) * K + k;
            gradients[i] = inside && !(v && !(v[at] > 0)) ? dy[at] : 0;
        }
        __syncthreads();
        for (unsigned run = turn; run < BAND * RUNS; run += SPLIT) {
            const int row = run / RUNS, column = run % RUNS * RUN;
            constexpr int REACH = (RUN - 1) * STRIDE_W + S;
            float seen[REACH];
#pragma unroll
            for (int s = 0; s < REACH; s++)
                seen[s] = image[c * PLANE + (row * STRIDE_H + r) * PITCH + column * STRIDE_W + s];
            const float4* at = (const float4*)(gradients + (row * COLUMNS + column) * FILTERS) + group;
#pragma unroll
            for (int q = 0; q < RUN; q++) {
                const float4 a = at[q * (FILTERS / 4)], b = at[q * (FILTERS / 4) + GROUPS];
                const float g[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
#pragma unroll
                for (int s = 0; s < S; s++)
#pragma unroll
                    for (int k = 0; k < 8; k++)
                        sums[s][k] = fmaf(seen[q * STRIDE_W + s], g[k], sums[s][k]);
                if (role == 0)
#pragma unroll
                    for (int k = 0; k < 8; k++)
                        bias[k] += g[k];
            }
        }
        __syncthreads();
    }
    // The threads of a sum add to it in turn; it lies where the images were.
    for (int adds = 0; adds < SPLIT; adds++) {
        if (turn == adds) {
            for (int k = 0; k < 8; k++) {
                float* at = shared + 4 * group + k % 4 + k / 4 * 4 * GROUPS;
#pragma unroll
                for (int s = 0; s < S; s++) {
                    float* sum = at + ((r * S + s) * C + c) * FILTERS;
                    *sum = adds == 0 ? sums[s][k] : *sum + sums[s][k];
                }
                if (role == 0)
                    at[TAPS * FILTERS] = adds == 0 ? bias[k] : at[TAPS * FILTERS] + bias[k];
            }
        }
        __syncthreads();
    }
    for (unsigned i = threadIdx.x; i < SUMS * FILTERS; i += blockDim.x)
        if (first_filter + i % FILTERS < K)
            store_part(shared[i], i / FILTERS, first_filter + i % FILTERS, step, halt, parts, bias_parts);
}
