// Y[n,m,k] = f(A[n,m,k], B[n,k]) and its gradients DA and DB [n,m,k], each from DY and either null. No __restrict__: Y may be A or B.
// Blocks: thread i of the grid computes elements WIDTH · i to WIDTH · i + WIDTH − 1.
// Macros: ELEMENTS, M, K, WIDTH (divides the rows of B, or those of one row), VALUE (f, an expression in a and b), GRADIENT_A, GRADIENT_B (expressions in dy, a and b).
// Sums: none.
#include "vector.cuh"

__device__ float value(float a, float b) { return VALUE; }

__device__ float gradient_a(float dy, float a, float b) { return GRADIENT_A; }

__device__ float gradient_b(float dy, float a, float b) { return GRADIENT_B; }

// place_in_b is the element of B that element i of A meets.
__device__ int place_in_b(int i) { return i / (M * K) * K + i % K; }

extern "C" __global__ void binary_fprop(const float* a, const float* b, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS / WIDTH)
        return;
    Vector<WIDTH> values = load<WIDTH>(a + i * WIDTH);
    const Vector<WIDTH> others = load<WIDTH>(b + place_in_b(i * WIDTH));
    for (int j = 0; j < WIDTH; j++)
        values.at[j] = value(values.at[j], others.at[j]);
    store(y + i * WIDTH, values);
}

extern "C" __global__ void binary_dgrad(const float* a, const float* b, const float* dy, float* da, float* db)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS / WIDTH)
        return;
    const Vector<WIDTH> g = load<WIDTH>(dy + i * WIDTH), u = load<WIDTH>(a + i * WIDTH), v = load<WIDTH>(b + place_in_b(i * WIDTH));
    Vector<WIDTH> by_a, by_b;
    for (int j = 0; j < WIDTH; j++) {
        by_a.at[j] = gradient_a(g.at[j], u.at[j], v.at[j]);
        by_b.at[j] = gradient_b(g.at[j], u.at[j], v.at[j]);
    }
    if (da)
        store(da + i * WIDTH, by_a);
    if (db)
        store(db + i * WIDTH, by_b);
}
