// Narrow is the type of values that are rounded to what tensor cores multiply, and rounded makes one.
// Macros: BF16.
#if BF16
typedef unsigned short Narrow;

__device__ inline Narrow rounded(float x)
{
    Narrow y;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
}
#else
typedef float Narrow;

__device__ inline Narrow rounded(float x)
{
    unsigned y;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
    return __uint_as_float(y);
}
#endif
