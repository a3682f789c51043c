// The rows of X [N P C] of a batch normalisation, one for each place of an image, which of them belong to examples, and what each column is
// normalised by.
// Blocks: as in columns.cuh.
// Macros: N, P, CLASSES, EPSILON, and those of columns.cuh.
// Sums: as in columns.cuh. Counts are of integers.
#include "columns.cuh"
#include "warp.cuh"

__device__ bool is_example(const int* labels, int n) { return !labels || labels[n] >= 0 && labels[n] < CLASSES; }

// is_counted says whether a row belongs to an example.
__device__ bool is_counted(const int* labels, unsigned row) { return is_example(labels, row / P); }

// count is the number of places of examples, as a divisor. All threads of a warp call it.
__device__ float count(const int* labels)
{
    int examples = 0;
    for (size_t n = (threadIdx.y * blockDim.x + threadIdx.x) % 32; n < N; n += 32)
        examples += is_example(labels, n);
    return max(warp_sum(examples) * P, 1);
}

__device__ float root(const float* variance, int c) { return sqrtf(variance[c] + EPSILON); }

// Norm is what the thread's columns are normalised by: X becomes (X − center) · scale + shift. The difference of an infinite variance from itself
// is no number.
struct Norm { Values center, scale, shift; };

__device__ Norm norm_of(const float* mean, const float* variance, const float* gamma, const float* beta)
{
    Norm norm = {};
    for (int i = 0; i < WIDTH && first_column() + i < C; i++) {
        const unsigned c = first_column() + i;
        norm.center.at[i] = mean[c];
        norm.scale.at[i] = (gamma ? gamma[c] : 1.0f) / root(variance, c) + (variance[c] - variance[c]);
        norm.shift.at[i] = beta ? beta[c] : 0.0f;
    }
    return norm;
}

// normalised is x in the thread's column i.
__device__ float normalised(const Norm& norm, float x, int i) { return fmaf(x - norm.center.at[i], norm.scale.at[i], norm.shift.at[i]); }
