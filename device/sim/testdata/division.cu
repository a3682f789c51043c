// A quotient and a remainder of 128 bits, which the compiler makes of carries and borrows.

extern "C" __global__ void divide(const unsigned __int128* a, const unsigned __int128* b, unsigned __int128* quotient,
                                  unsigned __int128* remainder)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    quotient[i] = a[i] / b[i];
    remainder[i] = a[i] % b[i];
}

extern "C" __global__ void divide_signed(const __int128* a, const __int128* b, __int128* quotient, __int128* remainder)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    quotient[i] = a[i] / b[i];
    remainder[i] = a[i] % b[i];
}
