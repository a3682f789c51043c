// Kernels with parameters, templates and variables of every kind, for the tests of arguments.

struct __half {
  unsigned short bits;
};

extern "C" __global__ void saxpy(int n, float a, const float* x, float* y) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}

namespace nn {

enum Mode { Add, Scale };

struct Inner {
  const float* w;
  short k[3];
};

struct Layer {
  float* bias;
  int n;
  Inner in;
  bool on;
  Mode mode;
};

__constant__ float table[4];
__device__ int counter;
__device__ float* target;

template <int N, typename T>
__global__ void apply(const T* x, T* y, int n, Layer layer) {
  int i = threadIdx.x;
  if (i >= n) return;
  float sum = x[i] * N + layer.bias[i] + layer.in.w[i] + layer.in.k[2] + layer.n;
  if (layer.on) sum += 100;
  if (layer.mode == Scale) sum += 1000;
  y[i] = static_cast<T>(sum);
}

template __global__ void apply<2, float>(const float*, float*, int, Layer);
template __global__ void apply<3, int>(const int*, int*, int, Layer);

__global__ void variables(float* y) {
  y[threadIdx.x] = table[threadIdx.x] + counter;
  target[threadIdx.x] = table[threadIdx.x];
}

__global__ void add(float* x, float by) { x[threadIdx.x] += by; }
__global__ void add(int* x, int by) { x[threadIdx.x] += by; }

}  // namespace nn

__global__ void copy(const __half* from, __half* to) { to[threadIdx.x] = from[threadIdx.x]; }

__global__ void smooth(const float* from, float* to, int n) {
  int i = threadIdx.x;
  if (i < n) to[i] = 0.5f * from[i] + 0.5f * from[(i + 1) % n];
}
