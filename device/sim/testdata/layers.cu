// Kernels of a network as they may come: direct convolution with pooling, implicit GEMM in tf32, softmax with its loss, Adam; and
// threads that wait for each other. See layers_test.go.

using u8 = unsigned char;
using u32 = unsigned int;

// --- direct 3x3 convolution (padding 1), bias, ReLU, 2x2 max pooling with the place of the maximum; NCHW ---

constexpr int kChannels = 5, kFilters = 8, kHeight = 28, kWidth = 28, kFilterTile = 4;

extern "C" __global__ void __launch_bounds__(128)
convolution_pool(const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias, float* __restrict__ y, u8* __restrict__ place) {
  __shared__ float filter[kChannels * 9][kFilterTile];
  const int k0 = blockIdx.y * kFilterTile, n = blockIdx.z;
  for (int i = threadIdx.x; i < kChannels * 9 * kFilterTile; i += 128) filter[i / kFilterTile][i % kFilterTile] = w[(k0 + i % kFilterTile) * kChannels * 9 + i / kFilterTile];
  __syncthreads();
  const int p = blockIdx.x * 128 + threadIdx.x;
  if (p >= kHeight / 2 * (kWidth / 2)) return;
  const int row = p / (kWidth / 2) * 2, col = p % (kWidth / 2) * 2;
  float sum[kFilterTile][4] = {};
  for (int c = 0; c < kChannels; ++c) {
    float in[4][4];
#pragma unroll
    for (int r = 0; r < 4; ++r)
#pragma unroll
      for (int s = 0; s < 4; ++s) {
        const int h = row + r - 1, v = col + s - 1;
        in[r][s] = h >= 0 && h < kHeight && v >= 0 && v < kWidth ? __ldg(&x[((n * kChannels + c) * kHeight + h) * kWidth + v]) : 0.f;
      }
#pragma unroll
    for (int t = 0; t < 9; ++t)
#pragma unroll
      for (int k = 0; k < kFilterTile; ++k)
#pragma unroll
        for (int q = 0; q < 4; ++q) sum[k][q] = fmaf(filter[c * 9 + t][k], in[q / 2 + t / 3][q % 2 + t % 3], sum[k][q]);
  }
#pragma unroll
  for (int k = 0; k < kFilterTile; ++k) {
    float best = sum[k][0];
    int at = 0;
#pragma unroll
    for (int q = 1; q < 4; ++q)
      if (sum[k][q] > best) best = sum[k][q], at = q;
    best += bias[k0 + k];
    const int o = ((n * kFilters + k0 + k) * (kHeight / 2) + row / 2) * (kWidth / 2) + col / 2;
    y[o] = fmaxf(best, 0.f);
    place[o] = best > 0.f ? at : 255;
  }
}

// --- GEMM of tf32: c[64 x 32] of a block = a[m x k] * b[k x n], with asynchronous copies in two stages ---

__device__ __forceinline__ u32 to_shared(const void* p) { return static_cast<u32>(__cvta_generic_to_shared(p)); }
__device__ __forceinline__ void copy16(u32 to, const void* from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
__device__ __forceinline__ u32 tf32(float f) {
  u32 r;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(f));
  return r;
}

extern "C" __global__ void __launch_bounds__(128) gemm_tf32(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, int m, int n, int k) {
  __shared__ __align__(16) float as[2][64][20], bs[2][16][40];
  const int t = threadIdx.x, lane = t % 32, g = lane / 4, q = lane % 4, wm = t / 32 * 16, m0 = blockIdx.x * 64, n0 = blockIdx.y * 32;
  auto fetch = [&](int step, int stage) {
    for (int i = 0; i < 2; ++i) {
      const int row = t / 4 + 32 * i, col = t % 4 * 4;
      const bool in = m0 + row < m;
      copy16(to_shared(&as[stage][row][col]), in ? a + (m0 + row) * k + step * 16 + col : a, in ? 16 : 0);
    }
    copy16(to_shared(&bs[stage][t / 8][t % 8 * 4]), b + (step * 16 + t / 8) * n + n0 + t % 8 * 4, 16);
    asm volatile("cp.async.commit_group;" ::: "memory");
  };
  float sum[4][4] = {};
  fetch(0, 0);
  for (int step = 0; step < k / 16; ++step) {
    if (step + 1 < k / 16) {
      fetch(step + 1, (step + 1) % 2);
      asm volatile("cp.async.wait_group 1;" ::: "memory");
    } else {
      asm volatile("cp.async.wait_group 0;" ::: "memory");
    }
    __syncthreads();
    const int s = step % 2;
#pragma unroll
    for (int kk = 0; kk < 16; kk += 8) {
      const u32 x[4] = {tf32(as[s][wm + g][kk + q]), tf32(as[s][wm + g + 8][kk + q]), tf32(as[s][wm + g][kk + q + 4]), tf32(as[s][wm + g + 8][kk + q + 4])};
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        const u32 y[2] = {tf32(bs[s][kk + q][j * 8 + g]), tf32(bs[s][kk + q + 4][j * 8 + g])};
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                     : "+f"(sum[j][0]), "+f"(sum[j][1]), "+f"(sum[j][2]), "+f"(sum[j][3])
                     : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int j = 0; j < 4; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = m0 + wm + g + i / 2 * 8;
      if (row < m) c[row * n + n0 + j * 8 + q * 2 + i % 2] = sum[j][i];
    }
}

// --- softmax with cross-entropy: a block for a row; dx = (softmax(x) - onehot(label)) * scale ---

__device__ float warp_max(float v) {
  for (int d = 16; d; d /= 2) v = fmaxf(v, __shfl_xor_sync(~0u, v, d));
  return v;
}
__device__ float warp_sum(float v) {
  for (int d = 16; d; d /= 2) v += __shfl_xor_sync(~0u, v, d);
  return v;
}

extern "C" __global__ void softmax_loss(const float* __restrict__ x, const int* __restrict__ label, float* __restrict__ dx, float* __restrict__ loss, int n, float scale) {
  __shared__ float part[32];
  const int t = threadIdx.x, lane = t % 32, warps = blockDim.x / 32, row = blockIdx.x;
  const float lowest = __int_as_float(0xff800000);
  x += row * n;
  dx += row * n;
  float top = lowest;
  for (int i = t; i < n; i += blockDim.x) top = fmaxf(top, x[i]);
  top = warp_max(top);
  if (!lane) part[t / 32] = top;
  __syncthreads();
  top = warp_max(lane < warps ? part[lane] : lowest);
  __syncthreads();
  float sum = 0;
  for (int i = t; i < n; i += blockDim.x) sum += expf(x[i] - top);
  sum = warp_sum(sum);
  if (!lane) part[t / 32] = sum;
  __syncthreads();
  sum = warp_sum(lane < warps ? part[lane] : 0.f);
  for (int i = t; i < n; i += blockDim.x) dx[i] = (expf(x[i] - top) / sum - (i == label[row] ? 1.f : 0.f)) * scale;
  if (t == 0) loss[row] = logf(sum) - (x[label[row]] - top);
}

// --- Adam with the corrections of the bias as c1 and c2 ---

extern "C" __global__ void adam(float* __restrict__ p, const float* __restrict__ g, float* __restrict__ m, float* __restrict__ v, int n, float rate, float b1, float b2, float eps, float c1, float c2) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  m[i] = b1 * m[i] + (1.f - b1) * g[i];
  v[i] = b2 * v[i] + (1.f - b2) * g[i] * g[i];
  p[i] -= rate * (m[i] * c1) / (sqrtf(v[i] * c2) + eps);
}

// --- threads that wait for each other ---

// A lock among the lanes of a warp needs turns for both sides of a divergent branch.
extern "C" __global__ void lock_in_warp(int* lock, int* data) {
  for (bool done = false; !done;)
    if (atomicCAS(lock, 0, 1) == 0) {
      *data = *data + 1;
      __threadfence();
      atomicExch(lock, 0);
      done = true;
    }
}

// Two warps fill, two empty: named barriers order them in both directions.
extern "C" __global__ void __launch_bounds__(128) pipeline(const float* x, float* y, int rounds) {
  __shared__ float slot[64];
  const int t = threadIdx.x % 64;
  for (int i = 0; i < rounds; ++i)
    if (threadIdx.x < 64) {
      if (i > 0) asm volatile("bar.sync 2, 128;" ::: "memory");
      slot[t] = x[i * 64 + t];
      asm volatile("bar.arrive 1, 128;" ::: "memory");
    } else {
      asm volatile("bar.sync 1, 128;" ::: "memory");
      y[i * 64 + t] = slot[63 - t];
      if (i + 1 < rounds) asm volatile("bar.arrive 2, 128;" ::: "memory");
    }
}

// The same with an mbarrier for each direction and a bulk copy that fills.
extern "C" __global__ void __launch_bounds__(96) bulk_pipeline(const float* x, float* y, int rounds) {
  __shared__ __align__(16) float slot[64];
  __shared__ __align__(8) unsigned long long full, empty;
  const u32 f = to_shared(&full), e = to_shared(&empty);
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared.b64 [%0], 1;" ::"r"(f) : "memory");
    asm volatile("mbarrier.init.shared.b64 [%0], 64;" ::"r"(e) : "memory");
  }
  __syncthreads();
  auto wait = [](u32 bar, int parity) {
    asm volatile("{ .reg .pred p;\nagain: mbarrier.try_wait.parity.shared.b64 p, [%0], %1;\n@!p bra again; }" ::"r"(bar), "r"(parity) : "memory");
  };
  for (int i = 0; i < rounds; ++i)
    if (threadIdx.x == 64) {
      if (i > 0) wait(e, (i - 1) % 2);
      asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], 256;" ::"r"(f) : "memory");
      asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], 256, [%2];" ::"r"(to_shared(slot)), "l"(x + i * 64), "r"(f) : "memory");
    } else if (threadIdx.x < 64) {
      wait(f, i % 2);
      y[i * 64 + threadIdx.x] = slot[63 - threadIdx.x];
      asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(e) : "memory");
    }
}
