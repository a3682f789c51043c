// Kernels whose results and counters are known beforehand.

using u16 = unsigned short;
using u32 = unsigned int;

// --- traffic: 32x32 tiles, blocks of 32x8 threads ---

template <int Width>
__device__ void transpose_tile(const float* x, float* y) {
  __shared__ float tile[32][Width];
  for (int i = 0; i < 32; i += 8) tile[threadIdx.y + i][threadIdx.x] = x[(threadIdx.y + i) * 32 + threadIdx.x];
  __syncthreads();
  for (int i = 0; i < 32; i += 8) y[(threadIdx.y + i) * 32 + threadIdx.x] = tile[threadIdx.x][threadIdx.y + i];
}

// A column of 32 floats lies in one bank: 32 wavefronts for each of the 32 reads of a warp.
extern "C" __global__ void transpose(const float* x, float* y) { transpose_tile<32>(x, y); }

// One float of padding moves every row to another bank.
extern "C" __global__ void transpose_padded(const float* x, float* y) { transpose_tile<33>(x, y); }

extern "C" __global__ void copy_straight(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x]; }

// 32 bytes apart: a sector for each thread.
extern "C" __global__ void copy_strided(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x * 8]; }

// 4 bytes off the 128-byte line: one sector more.
extern "C" __global__ void copy_shifted(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x + 1]; }

extern "C" __global__ void copy_one(const float* x, float* y) { y[threadIdx.x] = x[5]; }

template <class T>
__device__ void reverse_in_shared(const T* x, T* y) {
  __shared__ T tile[64];
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[63 - threadIdx.x];
}

extern "C" __global__ void reverse_singles(const float* x, float* y) { reverse_in_shared(x, y); }
extern "C" __global__ void reverse_pairs(const float2* x, float2* y) { reverse_in_shared(x, y); }
extern "C" __global__ void reverse_quads(const float4* x, float4* y) { reverse_in_shared(x, y); }

// --- computing ---

constexpr int M = 100, N = 72, K = 50;

// C[M,N] = A[M,K] B[K,N] in tiles of 32x32, 4 results for each of 16x16 threads.
extern "C" __global__ void __launch_bounds__(256) gemm(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c) {
  constexpr int tile = 32, depth = 16;
  __shared__ float as[depth][tile + 1], bs[depth][tile];
  const int t = threadIdx.x, tx = t % 16, ty = t / 16, m0 = blockIdx.y * tile, n0 = blockIdx.x * tile;
  float sum[2][2] = {};
  for (int k0 = 0; k0 < K; k0 += depth) {
    for (int i = t; i < tile * depth; i += 256) {
      int m = m0 + i / depth, k = k0 + i % depth;
      as[i % depth][i / depth] = m < M && k < K ? a[m * K + k] : 0;
      k = k0 + i / tile;
      int n = n0 + i % tile;
      bs[i / tile][i % tile] = n < N && k < K ? b[k * N + n] : 0;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < depth; ++k)
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j) sum[i][j] = fmaf(as[k][ty + 16 * i], bs[k][tx + 16 * j], sum[i][j]);
    __syncthreads();
  }
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      if (m0 + ty + 16 * i < M && n0 + tx + 16 * j < N) c[(m0 + ty + 16 * i) * N + n0 + tx + 16 * j] = sum[i][j];
}

// The sum of n integers, left to float atomics: right whatever the order, as the sums are exact.
extern "C" __global__ void reduce_sum(const float* x, float* sum, int n) {
  __shared__ float part[8];
  float s = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) s += x[i];
  for (int d = 16; d; d >>= 1) s += __shfl_xor_sync(0xffffffff, s, d);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = s;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 1; i < 8; ++i) s += part[i];
    atomicAdd(sum, s);
  }
}

// Divergence of every kind: continue, break, fall through, return and goto from nested loops. Go's copy is in determinism_test.go.
extern "C" __global__ void wander(const int* in, int* out, int n) {
  int t = blockIdx.x * blockDim.x + threadIdx.x;
  if (t >= n) return;
  int v = in[t], acc = 0;
  for (int i = 0; i < (v & 63); ++i) {
    if ((i ^ v) % 7 == 3) continue;
    if (i > 40 && (v & 1)) break;
    if (i & 1) {
      if (v & 2) acc += i * 3; else acc ^= i << 2;
    } else {
      for (int j = 0; j < (t & 5); ++j) {
        acc += j;
        if (acc % 11 == 5) break;
      }
    }
  }
  switch (v >> 3 & 7) {
    case 0: acc += 1; break;
    case 1: acc *= 3;
    case 2: acc -= 7; break;
    case 3: while (acc > 100) acc = acc / 2 - 1; break;
    case 5: acc = ~acc; break;
    case 6: out[t] = acc; return;
    case 7: acc = acc * acc; break;
    default: acc ^= 0x55;
  }
  int k = 0;
  do {
    k += acc & 3;
    acc = static_cast<int>(static_cast<u32>(acc) * 1103515245u + 12345u);
    if (k > 20) goto done;
  } while (k < (v & 31));
  acc += 1000;
done:
  out[t] = acc + k;
}

extern "C" __global__ void print(const float* x, float* y) {
  if (threadIdx.x < 2) printf("thread %d of %s: %5.2f, %llu, %c %x %%\n", threadIdx.x, "a block", x[threadIdx.x], 1ull << 40, 'q', 255u);
}

// --- tensor cores: a 3x3 convolution with padding 1 as implicit GEMM ---

constexpr int IMAGES = 2, CHANNELS = 32, FILTERS = 64, HEIGHT = 9, WIDTH = 7;

__device__ u32 shared_address(const void* p) { return static_cast<u32>(__cvta_generic_to_shared(p)); }

__device__ void copy_16_bytes(void* to, const void* from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(bytes) : "memory");
}

// y[NPQ,K] of x[N,H,W,C] and w[R,S,C,K], with bias and ReLU: tiles of 64 pixels by 64 filters, 32 channels of one tap a step, copied while
// the step before is computed; four warps of 32x32 results.
extern "C" __global__ void __launch_bounds__(128) convolution(const u16* __restrict__ x, const u16* __restrict__ w, const float* __restrict__ bias, float* __restrict__ y) {
  constexpr int pixels = 64, depth = 32, steps = 9 * (CHANNELS / depth), total = IMAGES * HEIGHT * WIDTH;
  __shared__ __align__(16) u16 as[2][pixels][depth + 8], bs[2][depth][FILTERS + 8];
  const int t = threadIdx.x, lane = t % 32, warp = t / 32, wm = warp % 2 * 32, wn = warp / 2 * 32, m0 = blockIdx.x * pixels;
  auto load = [&](int step, int buffer) {
    int tap = step / (CHANNELS / depth), c0 = step % (CHANNELS / depth) * depth;
    for (int e = t; e < pixels * depth / 8; e += 128) {
      int row = e / (depth / 8), column = e % (depth / 8) * 8, p = m0 + row;
      int h = p / WIDTH % HEIGHT + tap / 3 - 1, v = p % WIDTH + tap % 3 - 1;
      bool inside = p < total && h >= 0 && h < HEIGHT && v >= 0 && v < WIDTH;
      const u16* from = inside ? x + ((p / (WIDTH * HEIGHT) * HEIGHT + h) * WIDTH + v) * CHANNELS + c0 + column : x;
      copy_16_bytes(&as[buffer][row][column], from, inside ? 16 : 0);
    }
    for (int e = t; e < depth * FILTERS / 8; e += 128) {
      int row = e / (FILTERS / 8), column = e % (FILTERS / 8) * 8;
      copy_16_bytes(&bs[buffer][row][column], w + (tap * CHANNELS + c0 + row) * FILTERS + column, 16);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  };
  float sum[2][4][4] = {};
  load(0, 0);
  for (int step = 0; step < steps; ++step) {
    if (step + 1 < steps) {
      load(step + 1, (step + 1) % 2);
      asm volatile("cp.async.wait_group 1;" ::: "memory");
    } else {
      asm volatile("cp.async.wait_group 0;" ::: "memory");
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < depth; k += 16) {
      u32 a[2][4], b[4][2];
      for (int i = 0; i < 2; ++i)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                     : "=r"(a[i][0]), "=r"(a[i][1]), "=r"(a[i][2]), "=r"(a[i][3])
                     : "r"(shared_address(&as[step % 2][wm + i * 16 + lane % 16][k + lane / 16 * 8])) : "memory");
      for (int j = 0; j < 4; ++j)
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                     : "=r"(b[j][0]), "=r"(b[j][1]) : "r"(shared_address(&bs[step % 2][k + lane % 16][wn + j * 8])) : "memory");
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 4; ++j)
          asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                       : "+f"(sum[i][j][0]), "+f"(sum[i][j][1]), "+f"(sum[i][j][2]), "+f"(sum[i][j][3])
                       : "r"(a[i][0]), "r"(a[i][1]), "r"(a[i][2]), "r"(a[i][3]), "r"(b[j][0]), "r"(b[j][1]));
    }
    __syncthreads();
  }
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j)
      for (int e = 0; e < 4; ++e) {
        int p = m0 + wm + i * 16 + lane / 4 + e / 2 * 8, c = wn + j * 8 + lane % 4 * 2 + e % 2;
        if (p < total) y[p * FILTERS + c] = fmaxf(sum[i][j][e] + bias[c], 0);
      }
}

// --- GEMM without tensor cores: a thread for each element, and 4 x 4 elements for each of 16 x 16 threads with tiles in shared memory ---

extern "C" __global__ void __launch_bounds__(256) gemm_naive(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, int m, int n, int k) {
  const int col = blockIdx.x * 16 + threadIdx.x % 16, row = blockIdx.y * 16 + threadIdx.x / 16;
  if (row >= m || col >= n) return;
  float sum = 0;
  for (int i = 0; i < k; ++i) sum = fmaf(a[row * k + i], b[i * n + col], sum);
  c[row * n + col] = sum;
}

extern "C" __global__ void __launch_bounds__(256) gemm_tiled(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, int n, int k) {
  constexpr int tile = 64, depth = 16;
  __shared__ __align__(16) float as[depth][tile + 4], bs[depth][tile];
  const int t = threadIdx.x, tx = t % 16 * 4, ty = t / 16 * 4, m0 = blockIdx.y * tile, n0 = blockIdx.x * tile;
  float sum[4][4] = {};
  for (int k0 = 0; k0 < k; k0 += depth) {
    for (int i = t; i < tile * depth; i += 256) {
      as[i % depth][i / depth] = a[(m0 + i / depth) * k + k0 + i % depth];
      bs[i / tile][i % tile] = b[(k0 + i / tile) * n + n0 + i % tile];
    }
    __syncthreads();
#pragma unroll
    for (int x = 0; x < depth; ++x) {
      const float4 p = *reinterpret_cast<const float4*>(&as[x][ty]), q = *reinterpret_cast<const float4*>(&bs[x][tx]);
      const float u[4] = {p.x, p.y, p.z, p.w}, v[4] = {q.x, q.y, q.z, q.w};
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) sum[i][j] = fmaf(u[i], v[j], sum[i][j]);
    }
    __syncthreads();
  }
  for (int i = 0; i < 4; ++i)
    *reinterpret_cast<float4*>(&c[(m0 + ty + i) * n + n0 + tx]) = make_float4(sum[i][0], sum[i][1], sum[i][2], sum[i][3]);
}
