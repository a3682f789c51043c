// Narrow is the type of values that are rounded to what tensor cores multiply, and rounded makes one.
// Macros: BF16.
#include "rounding.cuh"

#if BF16
typedef unsigned short Narrow;
__device__ inline Narrow rounded(float x) { return rounded_to_bfloat16(x); }
#else
typedef float Narrow;
__device__ inline Narrow rounded(float x) { return rounded_to_tf32(x); }
#endif
