// Parts of a gradient are checked by the kernel that writes them, so that nothing changes weights in a step whose gradients are not finite: HALT = STEP
// if a part is not finite or so large that the sum of 128 might not be, unless training was halted before.
// Macros: none.
__device__ inline bool is_summable(float part) { return fabsf(part) <= 0x1p120f; }

// larger is the larger magnitude of two, NaN if one is.
__device__ inline float larger(float a, float b)
{
    float most;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(most) : "f"(fabsf(a)), "f"(fabsf(b)));
    return most;
}

__device__ inline void halt_at(const int* step, int* halt) { atomicCAS(halt, 0, *step); }
