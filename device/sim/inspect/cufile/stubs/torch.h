// What kernels of PyTorch's extensions use of torch, ATen and c10: macros, number types, accessors of tensors. Tensors themselves are the host's.
#pragma once

#if __has_include(<cuda_fp16.h>)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#define CNN_GPU_NUMBER(T, U) \
  __device__ T(const U& u) : x(reinterpret_cast<const unsigned short&>(u)) {} \
  __device__ explicit operator U() const { return reinterpret_cast<const U&>(x); }
#else
#define CNN_GPU_NUMBER(T, U)
#endif

#define C10_HOST_DEVICE __host__ __device__
#define C10_DEVICE __device__
#define C10_HOST __host__
#define C10_RESTRICT __restrict__
#define C10_ALWAYS_INLINE __forceinline__
#define C10_LAUNCH_BOUNDS_0 __launch_bounds__(256, 4)
#define C10_LAUNCH_BOUNDS_1(threads) __launch_bounds__(threads)
#define C10_LAUNCH_BOUNDS_2(threads, blocks) __launch_bounds__(threads, blocks)
#define C10_WARP_SIZE 32
#define C10_CLANG_HAS_WARNING(warning) 0
#define C10_CLANG_DIAGNOSTIC_PUSH()
#define C10_CLANG_DIAGNOSTIC_POP()
#define C10_CLANG_DIAGNOSTIC_IGNORE(warning)
#define C10_LIKELY(condition) (condition)
#define C10_UNLIKELY(condition) (condition)
#define C10_UNUSED
#define C10_API
#define C10_EXPORT
#define TORCH_API
#define TORCH_CUDA_CU_API
#define AT_DEVICE __device__
#define AT_HOST_DEVICE __host__ __device__
#define CUDA_KERNEL_ASSERT(condition) assert(condition)
#define CUDA_KERNEL_LOOP_TYPE(i, n, T) for (T i = T(blockIdx.x) * blockDim.x + threadIdx.x; i < (n); i += T(blockDim.x) * gridDim.x)
#define CUDA_KERNEL_LOOP(i, n) CUDA_KERNEL_LOOP_TYPE(i, n, int)

namespace c10 {

// Half and BFloat16 lie in memory as they do in PyTorch; they compute as floats.
struct alignas(2) Half {
  unsigned short x;
  Half() = default;
  __device__ Half(float f) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(x) : "f"(f)); }
  __device__ operator float() const {
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(x));
    return f;
  }
  CNN_GPU_NUMBER(Half, __half)
};

struct alignas(2) BFloat16 {
  unsigned short x;
  BFloat16() = default;
  __device__ BFloat16(float f) {
    unsigned bits = __float_as_uint(f);
    x = f != f ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  }
  __device__ operator float() const { return __uint_as_float(unsigned(x) << 16); }
  CNN_GPU_NUMBER(BFloat16, __nv_bfloat16)
};

#define CNN_GPU_ASSIGN(T, OP) \
  __device__ inline T& operator OP##=(T & a, float b) { return a = T(float(a) OP b); }
CNN_GPU_ASSIGN(Half, +) CNN_GPU_ASSIGN(Half, -) CNN_GPU_ASSIGN(Half, *) CNN_GPU_ASSIGN(Half, /)
CNN_GPU_ASSIGN(BFloat16, +) CNN_GPU_ASSIGN(BFloat16, -) CNN_GPU_ASSIGN(BFloat16, *) CNN_GPU_ASSIGN(BFloat16, /)
#undef CNN_GPU_ASSIGN

} // namespace c10

namespace at {

using c10::BFloat16;
using c10::Half;

template <typename T> struct OpMathType { typedef T type; };
template <> struct OpMathType<Half> { typedef float type; };
template <> struct OpMathType<BFloat16> { typedef float type; };
template <typename T> using opmath_type = typename OpMathType<T>::type;
template <typename T, bool onGPU> struct AccumulateType { typedef opmath_type<T> type; };
template <typename T, bool onGPU> using acc_type = typename AccumulateType<T, onGPU>::type;

template <typename T> __device__ bool _isnan(T x) { return x != x; }

template <typename T> struct numeric_limits {
  static __device__ T lowest() { return std::numeric_limits<T>::lowest(); }
  static __device__ T max() { return std::numeric_limits<T>::max(); }
  static __device__ T lower_bound() { return std::numeric_limits<T>::has_infinity ? T(-INFINITY) : lowest(); }
  static __device__ T upper_bound() { return std::numeric_limits<T>::has_infinity ? T(INFINITY) : max(); }
};

template <typename T> struct DefaultPtrTraits { typedef T* PtrType; };
template <typename T> struct RestrictPtrTraits { typedef T* __restrict__ PtrType; };

// TensorAccessor is a tensor of a dimension or more, inside a packed one.
template <typename T, size_t N, template <typename> class Traits = DefaultPtrTraits, typename I = int64_t> struct TensorAccessor {
  typename Traits<T>::PtrType data_;
  const I *sizes_, *strides_;
  __device__ I size(I i) const { return sizes_[i]; }
  __device__ I stride(I i) const { return strides_[i]; }
  __device__ typename Traits<T>::PtrType data() const { return data_; }
  __device__ TensorAccessor<T, N - 1, Traits, I> operator[](I i) const { return {data_ + strides_[0] * i, sizes_ + 1, strides_ + 1}; }
};
template <typename T, template <typename> class Traits, typename I> struct TensorAccessor<T, 1, Traits, I> {
  typename Traits<T>::PtrType data_;
  const I *sizes_, *strides_;
  __device__ I size(I i) const { return sizes_[i]; }
  __device__ I stride(I i) const { return strides_[i]; }
  __device__ typename Traits<T>::PtrType data() const { return data_; }
  __device__ T& operator[](I i) const { return data_[strides_[0] * i]; }
};

// GenericPackedTensorAccessor is a kernel's parameter: the pointer, the sizes, the strides.
template <typename T, size_t N, template <typename> class Traits = DefaultPtrTraits, typename I = int64_t> struct GenericPackedTensorAccessor {
  typename Traits<T>::PtrType data_;
  I sizes_[N], strides_[N];
  __device__ I size(I i) const { return sizes_[i]; }
  __device__ I stride(I i) const { return strides_[i]; }
  __device__ typename Traits<T>::PtrType data() const { return data_; }
  __device__ decltype(auto) operator[](I i) const { return TensorAccessor<T, N, Traits, I>{data_, sizes_, strides_}[i]; }
};
template <typename T, size_t N, template <typename> class Traits = DefaultPtrTraits>
using PackedTensorAccessor32 = GenericPackedTensorAccessor<T, N, Traits, int32_t>;
template <typename T, size_t N, template <typename> class Traits = DefaultPtrTraits>
using PackedTensorAccessor64 = GenericPackedTensorAccessor<T, N, Traits, int64_t>;
template <typename T, size_t N, template <typename> class Traits = DefaultPtrTraits, typename I = int64_t>
using PackedTensorAccessor = GenericPackedTensorAccessor<T, N, Traits, I>;

namespace cuda {
namespace detail {
// TensorInfo is a kernel's parameter too, of up to 25 dimensions.
template <typename T, typename I> struct TensorInfo {
  T* data;
  I sizes[25], strides[25];
  int dims;
};
template <typename T, typename I, int Dims> struct IndexToOffset {
  static __device__ I get(I linear, const TensorInfo<T, I>& info) {
    I offset = 0;
    for (int i = (Dims > 0 ? Dims : info.dims) - 1; i > 0; --i) {
      offset += linear % info.sizes[i] * info.strides[i];
      linear /= info.sizes[i];
    }
    return offset + linear * info.strides[0];
  }
};
} // namespace detail
template <typename T> __device__ __forceinline__ T ldg(const T* p) { return __ldg(p); }
} // namespace cuda

} // namespace at

template <typename T> __device__ __forceinline__ T gpuAtomicAdd(T* p, T x) { return atomicAdd(p, x); }
template <typename T> __device__ __forceinline__ void gpuAtomicAddNoReturn(T* p, T x) { atomicAdd(p, x); }

namespace torch {
using namespace at;
} // namespace torch
