// Stored is the type of the values that a kernel hands on, and stored makes one of a float32: as it is, or rounded to TF32 or bfloat16 for the
// products that take it.
// Macros: STORED_BITS (of a fraction: 23, 10 or 7).
#include "rounding.cuh"

#if STORED_BITS == 7
typedef unsigned short Stored;
__device__ inline Stored stored(float x) { return rounded_to_bfloat16(x); }
#else
typedef float Stored;
__device__ inline Stored stored(float x) { return STORED_BITS == 10 ? rounded_to_tf32(x) : x; }
#endif
