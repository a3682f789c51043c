// Values that nobody wrote: with FIXED = 1 they are only copied or dropped, which is right; else something depends on them in the line that
// ends in "// BUG". Each kernel gets x and y of n floats, x written and y not, and runs with a warp.

constexpr bool fixed = FIXED;

struct Padded {
  char tag;  // three bytes follow that nobody writes
  int value;
};

// A structure is copied in words, with its padding.
extern "C" __global__ void padding(const float* x, float* y, int n) {
  __shared__ Padded tile[32];
  int i = threadIdx.x;
  if (fixed || i != 7) {
    tile[i].tag = i;
    tile[i].value = x[i];
  }
  __syncthreads();
  reinterpret_cast<int2*>(y)[i] = reinterpret_cast<int2*>(tile)[31 - i];  // BUG
}

// Three of four components have a meaning.
extern "C" __global__ void fourth(const float* x, float* y, int n) {
  __shared__ float4 tile[32];
  int i = threadIdx.x;
  tile[i].x = x[i], tile[i].y = x[i + 32], tile[i].z = x[i + 64];
  __syncthreads();
  float4 v = tile[31 - i];
  y[i] = fixed ? v.x + v.y * v.z : v.x + v.y * v.w;  // BUG
}

// The neighbour of the last is read and not used.
extern "C" __global__ void neighbour(const float* x, float* y, int n) {
  __shared__ float tile[64];
  int i = threadIdx.x;
  tile[i] = x[i];
  __syncthreads();
  float v = tile[i + 1];
  y[i] = !fixed || i < 31 ? v * 2 : 0;  // BUG
}

// The low byte of a word is written, and the others are cut off.
extern "C" __global__ void low_byte(const float* x, float* y, int n) {
  __shared__ unsigned tile[32];
  int i = threadIdx.x;
  reinterpret_cast<unsigned char*>(tile)[4 * i] = i;
  __syncthreads();
  unsigned word = tile[31 - i];
  y[i] = fixed ? (word & 0xf0) >> 4 : (word & 0xf00) >> 4;  // BUG
}

// A branch.
extern "C" __global__ void condition(const float* x, float* y, int n) {
  __shared__ float tile[32];
  int i = threadIdx.x;
  if (fixed || i < 20) tile[i] = x[i];
  __syncthreads();
  if (tile[31 - i] > 0)  // BUG
    y[i] = __sinf(x[i]);
  else
    y[i] = __cosf(x[i]);
}

// An address.
extern "C" __global__ void address(const float* x, float* y, int n) {
  __shared__ int index[32];
  int i = threadIdx.x;
  if (fixed || i != 3) index[i] = i;
  __syncthreads();
  y[i] = x[index[31 - i] & 31];  // BUG
}

// From shared memory by a local array and a shuffle to global memory.
extern "C" __global__ void journey(const float* x, float* y, int n) {
  __shared__ float tile[32];
  volatile float row[4];
  int i = threadIdx.x;
  if (i != 9) tile[i] = x[i];
  __syncthreads();
  row[i & 3] = tile[31 - i];
  float v = __shfl_sync(0xffffffff, row[i & 3], i ^ 1);
  if (!fixed || i != 23) y[i] = 1 + v;  // BUG
}
