// A float32 rounded to nearest: to TF32, ties away from zero, and to bfloat16, ties to even. GPUs since compute capability 8.0 have both.
// Macros: none.
#pragma once
__device__ inline float rounded_to_tf32(float x)
{
    unsigned y;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
    return __uint_as_float(y);
}

__device__ inline unsigned short rounded_to_bfloat16(float x)
{
    unsigned short y;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
}
