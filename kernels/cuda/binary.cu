// Y[n,m,k] = f(A[n,m,k], B[n,k]) and its gradients DA and DB [n,m,k], each from DY and either null. No __restrict__: Y may be A or B.
// Blocks: thread i of the grid computes element i.
// Macros: ELEMENTS, M, K, VALUE (f, an expression in a and b), GRADIENT_A, GRADIENT_B (expressions in dy, a and b).
// Sums: none.
__device__ float value(float a, float b) { return VALUE; }

__device__ float gradient_a(float dy, float a, float b) { return GRADIENT_A; }

__device__ float gradient_b(float dy, float a, float b) { return GRADIENT_B; }

// place_in_b is the element of B that element i of A meets.
__device__ int place_in_b(int i) { return i / (M * K) * K + i % K; }

extern "C" __global__ void binary_fprop(const float* a, const float* b, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = value(a[i], b[place_in_b(i)]);
}

extern "C" __global__ void binary_dgrad(const float* a, const float* b, const float* dy, float* da, float* db)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS)
        return;
    const float g = dy[i], u = a[i], v = b[place_in_b(i)];
    if (da)
        da[i] = gradient_a(g, u, v);
    if (db)
        db[i] = gradient_b(g, u, v);
}
