// Y = 0, of any type of four bytes.
extern "C" __global__ void zero(unsigned* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = 0;
}
