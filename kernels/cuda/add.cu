// Y = A + B. No __restrict__: Y may be A or B.
extern "C" __global__ void add(const float* a, const float* b, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = a[i] + b[i];
}
