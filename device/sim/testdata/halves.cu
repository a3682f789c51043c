// Intrinsics of cuda_fp16.h and cuda_bf16.h. Most are inline assembly of the headers. Each thread writes one number for each intrinsic, in
// the order of the calls; the test has the same functions in float64.

#include <cuda_bf16.h>
#include <cuda_fp16.h>

template <class T, class T2> struct Results {
    T* next;
    __device__ void operator()(T v) { *next++ = v; }
    __device__ void operator()(T2 v)
    {
        *next++ = v.x;
        *next++ = v.y;
    }
};

template <class T, class T2> __device__ void unary(T x, T2 pair, T* out)
{
    Results<T, T2> put = {out};
    put(hexp(x)), put(hexp2(x)), put(hexp10(x)), put(hlog(x)), put(hlog2(x)), put(hlog10(x));
    put(hsin(x)), put(hcos(x)), put(htanh(x)), put(hsqrt(x)), put(hrsqrt(x)), put(hrcp(x));
    put(hceil(x)), put(hfloor(x)), put(hrint(x)), put(htrunc(x)), put(__habs(x)), put(__hneg(x));
    put(h2exp(pair)), put(h2exp2(pair)), put(h2exp10(pair)), put(h2log(pair)), put(h2log2(pair)), put(h2log10(pair));
    put(h2sin(pair)), put(h2cos(pair)), put(h2tanh(pair)), put(h2sqrt(pair)), put(h2rsqrt(pair)), put(h2rcp(pair));
    put(h2ceil(pair)), put(h2floor(pair)), put(h2rint(pair)), put(h2trunc(pair)), put(__habs2(pair)), put(__hneg2(pair));
}

template <class T, class T2> __device__ void binary(T x, T y, T2 a, T2 b, T* out, int* truths)
{
    Results<T, T2> put = {out};
    put(__hadd(x, y)), put(__hsub(x, y)), put(__hmul(x, y)), put(__hdiv(x, y)), put(__hmin(x, y)), put(__hmax(x, y));
    put(__hfma(x, y, x)), put(__hfma_relu(x, y, x)), put(__hadd_sat(x, y)), put(__hmul_sat(x, y)), put(__hsub_sat(x, y));
    put(__heq2(a, b)), put(__hne2(a, b)), put(__hlt2(a, b)), put(__hle2(a, b)), put(__hgt2(a, b)), put(__hge2(a, b));
    put(__hmin2(a, b)), put(__hmax2(a, b)), put(__hadd2(a, b)), put(__h2div(a, b));
    truths[0] = __heq(x, y) | __hlt(x, y) << 1 | __hge(x, y) << 2 | __hisnan(x) << 3 | (__hisinf(x) != 0) << 4;
    truths[1] = __hbeq2(a, b) | __hbne2(a, b) << 1 | __hblt2(a, b) << 2 | __hbge2(a, b) << 3;
    truths[2] = __heq2_mask(a, b);
    truths[3] = __hlt2_mask(a, b);
}

extern "C" __global__ void half_unary(const __half* x, __half* out, int n)
{
    int i = threadIdx.x;
    unary(x[i], __half2(x[i], x[(i + 1) % n]), out + 54 * i);
}

extern "C" __global__ void half_binary(const __half* x, __half* out, int* truths, int n)
{
    int i = threadIdx.x;
    __half y = x[(i * 7 + 3) % n];
    binary(x[i], y, __half2(x[i], y), __half2(y, y), out + 31 * i, truths + 4 * i);
}

extern "C" __global__ void bfloat16_unary(const __nv_bfloat16* x, __nv_bfloat16* out, int n)
{
    int i = threadIdx.x;
    unary(x[i], __nv_bfloat162(x[i], x[(i + 1) % n]), out + 54 * i);
}

extern "C" __global__ void bfloat16_binary(const __nv_bfloat16* x, __nv_bfloat16* out, int* truths, int n)
{
    int i = threadIdx.x;
    __nv_bfloat16 y = x[(i * 7 + 3) % n];
    binary(x[i], y, __nv_bfloat162(x[i], y), __nv_bfloat162(y, y), out + 31 * i, truths + 4 * i);
}
