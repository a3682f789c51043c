// The end of a classifier and the begin of its gradients: H = f(X·W1 + B1), logits Z = H·W2 + B2, Y = softmax of them, the loss of each row, and
// DZ, DH and DX, the gradients of the batch's mean loss by the logits, by what f takes, and by X. f is a ReLU. Without a hidden layer
// H is X and DX is what DH is. Where MASKED, X is what a ReLU made, and DX 0 where X is not above 0. A label outside [0, K) marks a row that is no example.
// Blocks: block x computes rows ROWS · x and on, one after the other. Its threads keep W1 in registers: thread (s, g) = (i / LANES, i % LANES) has
// columns 4g to 4g + 3 of every SLICES-th row from s on.
// Macros: N, IN, HIDDEN (units, 0 without a hidden layer), K, ROWS, THREADS, LANES, SLICES, MASKED, TARGET and OTHER (what the label's class and all others
// should have), GIVEN_BF16 (of given.cuh, for X), STORED_BITS (of stored.cuh), STORES_H, STORES_DZ, STORES_DH and STORES_DX (which results are rounded so),
// H_PITCH, DZ_PITCH and DH_PITCH (from one of their rows to the next; what lies between is zeros).
// Sums: of H every SLICES-th term in order, then the slices of a warp by a tree, then the warps in order; of the logits each lane's terms in order, then the lanes;
// of DH classes in order; of DX a thread's columns in order, then the lanes by a tree.
#include "softmax.cuh"
#include "examples.cuh"
#include "given.cuh"
#include "overlap.cuh"
#include "stored.cuh"

constexpr int WARPS = THREADS / 32, UNITS = HIDDEN ? HIDDEN : IN, HELD = HIDDEN ? (IN + SLICES - 1) / SLICES : 1, PADDED = HIDDEN ? 4 * LANES : 0;

extern __shared__ __align__(16) float shared[];

// Result is a value that is rounded as it is stored, or not.
template <bool STORES>
struct Result {
    typedef float Type;
    static __device__ Type of(float x) { return x; }
};
template <>
struct Result<true> {
    typedef Stored Type;
    static __device__ Type of(float x) { return stored(x); }
};

// spread_sum adds up a lane's values with those of the other lanes of its group, LANES neighbours: halves of what is left change places, so that a lane
// ends with the sums first, first + 1, ... below end, in the begin of values.
__device__ void spread_sum(float (&values)[HELD], int* first, int* end)
{
    *first = 0;
    *end = HELD;
    int left = HELD;
#pragma unroll
    for (int distance = 1; distance < LANES; distance *= 2) {
        const int half = (left + 1) / 2;
        const bool upper = threadIdx.x & distance;
#pragma unroll
        for (int i = 0; i < half; i++) {
            const float high = i + half < left ? values[i + half] : 0;
            values[i] = (upper ? high : values[i]) + __shfl_xor_sync(0xffffffff, upper ? values[i] : high, distance);
        }
        *end = upper ? *end : min(*end, *first + half);
        *first += upper ? half : 0;
        left = half;
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
dense_head(const Given* __restrict__ x, const float* __restrict__ w1, const float* __restrict__ b1, const float* __restrict__ w2,
           const float* __restrict__ b2, const int* __restrict__ labels, const int* __restrict__ step, int* __restrict__ halt,
           Result<STORES_H>::Type* __restrict__ h, float* __restrict__ z, float* __restrict__ y, float* __restrict__ loss, Result<STORES_DZ>::Type* __restrict__ dz,
           Result<STORES_DH>::Type* __restrict__ dh, Result<STORES_DX>::Type* __restrict__ dx)
{
    float *parts = shared, *gradients = parts + WARPS * PADDED, *inputs = gradients + PADDED; // vectors of four first
    float *weights = inputs + HELD * SLICES, *units = weights + UNITS * K, *logits = units + UNITS, *scores = logits + K;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = threadIdx.x % LANES, slice = threadIdx.x / LANES;
    float held[HELD][4];
    let_later_begin();
    wait_for_earlier();
    if (HIDDEN)
#pragma unroll
        for (int j = 0; j < HELD; j++) {
            const int in = slice + j * SLICES;
            const float* row = w1 + in * HIDDEN + 4 * group;
            if (HIDDEN % 4 == 0) {
                const float4 v = in < IN && 4 * group < HIDDEN ? *(const float4*)row : make_float4(0, 0, 0, 0);
                held[j][0] = v.x, held[j][1] = v.y, held[j][2] = v.z, held[j][3] = v.w;
            } else {
#pragma unroll
                for (int i = 0; i < 4; i++)
                    held[j][i] = in < IN && 4 * group + i < HIDDEN ? row[i] : 0;
            }
        }
    for (unsigned i = threadIdx.x; i < UNITS * K; i += THREADS)
        weights[i] = w2[i];
    const float scale = warp == 0 && dz ? 1.0f / count_examples(labels) : 0;

    for (int n = blockIdx.x * ROWS; n < min(N, (blockIdx.x + 1) * ROWS); n++) {
        for (unsigned i = threadIdx.x; i < HELD * SLICES; i += THREADS)
            inputs[i] = i < IN ? given(x[n * IN + i]) : 0;
        __syncthreads();
        if (HIDDEN) {
            float sums[4] = {};
#pragma unroll
            for (int j = 0; j < HELD; j++)
#pragma unroll
                for (int i = 0; i < 4; i++)
                    sums[i] = fmaf(inputs[slice + j * SLICES], held[j][i], sums[i]);
#pragma unroll
            for (int distance = LANES; distance < 32; distance *= 2)
#pragma unroll
                for (int i = 0; i < 4; i++)
                    sums[i] += __shfl_xor_sync(0xffffffff, sums[i], distance);
            if (lane < LANES)
                *(float4*)(parts + warp * PADDED + 4 * lane) = make_float4(sums[0], sums[1], sums[2], sums[3]);
            __syncthreads();
            if (threadIdx.x < H_PITCH) {
                float unit = 0;
                if (threadIdx.x < HIDDEN) {
                    float sum = b1 ? b1[threadIdx.x] : 0;
#pragma unroll
                    for (int i = 0; i < WARPS; i++)
                        sum += parts[i * PADDED + threadIdx.x];
                    units[threadIdx.x] = unit = sum < 0 ? 0 : sum; // NaN stays
                }
                h[n * H_PITCH + threadIdx.x] = Result<STORES_H>::of(unit);
            }
            __syncthreads();
        }
        const float* values = HIDDEN ? units : inputs;
        for (unsigned k = warp; k < K; k += WARPS) {
            float sum = 0;
            for (unsigned i = lane; i < UNITS; i += 32)
                sum = fmaf(values[i], weights[i * K + k], sum);
            sum = warp_sum(sum);
            if (lane == 0)
                logits[k] = sum + (b2 ? b2[k] : 0);
        }
        __syncthreads();
        if (warp == 0) {
            const Softmax row = softmax(logits, scores);
            const int label = labels[n];
            const float log_sum = logf(row.sum);
            float all = 0;
            for (unsigned k = lane; k < K; k += 32) {
                all += OTHER * (log_sum + (row.top - logits[k])); // without the factor the sum may overflow
                z[n * K + k] = logits[k];
                y[n * K + k] = scores[k];
                scores[k] = is_label(label) ? (scores[k] - (k == label ? TARGET : OTHER)) * scale : 0;
            }
            for (unsigned k = lane; dz && k < DZ_PITCH; k += 32)
                dz[n * DZ_PITCH + k] = Result<STORES_DZ>::of(k < K ? scores[k] : 0);
            all = OTHER > 0 ? warp_sum(all) : 0;
            if (lane == 0) {
                const float value = is_label(label) ? all + (TARGET - OTHER) * (log_sum + (row.top - logits[label])) : 0;
                loss[n] = value;
                if (halt && !isfinite(value))
                    atomicCAS(halt, 0, *step);
            }
        }
        __syncthreads();
        if (!dz)
            continue;
        for (unsigned i = threadIdx.x; i < UNITS; i += THREADS) {
            float sum = 0;
            for (int k = 0; k < K; k++)
                sum = fmaf(scores[k], weights[i * K + k], sum);
            if (HIDDEN) {
                gradients[i] = units[i] > 0 ? sum : 0;
                dh[n * DH_PITCH + i] = Result<STORES_DH>::of(gradients[i]);
            } else
                dx[n * IN + i] = Result<STORES_DX>::of(MASKED && !(inputs[i] > 0) ? 0 : sum);
        }
        for (unsigned i = HIDDEN + threadIdx.x; HIDDEN && i < DH_PITCH; i += THREADS)
            dh[n * DH_PITCH + i] = Result<STORES_DH>::of(0);
        if (HIDDEN && dx) {
            for (unsigned i = HIDDEN + threadIdx.x; i < PADDED; i += THREADS)
                gradients[i] = 0;
            __syncthreads();
            const float4 g = *(const float4*)(gradients + 4 * group);
            float sums[HELD];
#pragma unroll
            for (int j = 0; j < HELD; j++)
                sums[j] = fmaf(held[j][3], g.w, fmaf(held[j][2], g.z, fmaf(held[j][1], g.y, held[j][0] * g.x)));
            int first, end;
            spread_sum(sums, &first, &end);
#pragma unroll
            for (int j = 0; j < (HELD + LANES - 1) / LANES; j++) {
                const int i = slice + (first + j) * SLICES;
                if (first + j < end && i < IN)
                    dx[n * IN + i] = Result<STORES_DX>::of(MASKED && !(inputs[i] > 0) ? 0 : sums[j]);
            }
        }
        __syncthreads(); // the next row has the same memory
    }
}
