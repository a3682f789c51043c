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

struct Ended {
  int value;
  short tag;  // two bytes follow that nobody writes
};

// A structure is copied member by member, and its end by itself.
extern "C" __global__ void ending(const float* x, float* y, int n) {
  __shared__ Ended tile[32];
  int i = threadIdx.x;
  tile[i].value = x[i];
  tile[i].tag = i;
  __syncthreads();
  const char* from = reinterpret_cast<const char*>(&tile[31 - i]);
  char* to = reinterpret_cast<char*>(y) + 8 * i;
  *reinterpret_cast<int*>(to) = *reinterpret_cast<const int*>(from);
  *reinterpret_cast<uchar2*>(to + 6) = *reinterpret_cast<const uchar2*>(from + 6);
  *reinterpret_cast<short*>(to + 4) = *reinterpret_cast<const short*>(from + (fixed ? 4 : 6));  // BUG
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

// Half of the rows of a product of matrices are not there: D = A*B with A of 16 x 8, of which 8 rows were written.
extern "C" __global__ void rows(const float* x, float* y, int n) {
  __shared__ float a[16 * 8];
  int lane = threadIdx.x, g = lane / 4, t = lane % 4;
  a[lane] = x[lane], a[lane + 32] = x[lane + 32];
  __syncthreads();
  unsigned a0 = __float_as_uint(a[g * 8 + t]), a1 = __float_as_uint(a[(g + 8) * 8 + t]);
  unsigned a2 = __float_as_uint(a[g * 8 + t + 4]), a3 = __float_as_uint(a[(g + 8) * 8 + t + 4]);
  unsigned b0 = __float_as_uint(x[lane]), b1 = __float_as_uint(x[lane + 32]);
  float d[4] = {};
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  y[2 * lane] = d[0];
  y[2 * lane + 1] = d[fixed ? 1 : 2];  // BUG
}

// What is printed is used.
extern "C" __global__ void printed(const float* x, float* y, int n) {
  __shared__ int tile[32];
  int i = threadIdx.x;
  if (fixed || i != 5) tile[i] = i;
  __syncthreads();
  printf("%d %f %d\n", i, double(x[i]), tile[31 - i]);  // BUG
}

// A register that only some ways write, and that is used only on those.
extern "C" __global__ void ways(const float* x, float* y, int n) {
  float v;
  int i = threadIdx.x;
  asm volatile("{ .reg .pred p; .reg .f32 r; setp.lt.s32 p, %1, 16; @p mov.f32 r, 0f40000000; mov.f32 %0, r; }" : "=f"(v) : "r"(i));
  y[i] = !fixed || i < 16 ? v + 1 : x[i];  // BUG
}

// A tile of which some rows are not there is multiplied, and the rows of the result that depend on them are not stored.
extern "C" __global__ void edge(const float* x, float* y, int n) {
  __shared__ float a[8][32], b[32][32];
  int i = threadIdx.x;
  for (int k = 0; k < 5; ++k) a[k][i] = x[i + 32 * k];
  for (int k = 0; k < 32; ++k) b[k][i] = x[i + k];
  __syncthreads();
  float sums[8] = {};
  for (int k = 0; k < 32; ++k)
    for (int r = 0; r < 8; ++r) sums[r] += a[r][k] * b[k][i];
  for (int r = 0; r < 8; ++r)
    if (r < (fixed ? 5 : 6)) y[32 * r + i] = sums[r];  // BUG
}
