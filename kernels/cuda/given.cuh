// Given is the type of a value that an op takes beside the factors of a product: float32 or, where products take it too, bfloat16. given makes a
// float32 of one.
// Macros: GIVEN_BF16.
#if GIVEN_BF16
typedef unsigned short Given;
__device__ inline float given(Given x) { return __uint_as_float((unsigned)x << 16); }
#else
typedef float Given;
__device__ inline float given(Given x) { return x; }
#endif
