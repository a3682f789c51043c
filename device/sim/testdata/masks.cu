// Lanes of a warp that do something together: with FIXED = 1 in ways that are right from sm_70 on, else with a mistake in the line that
// ends in "// BUG". Each kernel gets x and y of n floats, x written and y not.

constexpr bool fixed = FIXED;

// A sum over each eight lanes, each eight with a mask of their own.
extern "C" __global__ void eights(const float* x, float* y, int n) {
  unsigned lane = threadIdx.x & 31, mask = 0xffu << (lane & (fixed ? 24 : 16));
  float v = x[threadIdx.x];
  for (int step = 4; step > 0; step /= 2) v += __shfl_down_sync(mask, v, step, 8);  // BUG
  y[threadIdx.x] = v;
}

// Two halves of a warp that meet nowhere, each with its own mask.
extern "C" __global__ void halves(const float* x, float* y, int n) {
  float v = x[threadIdx.x];
  unsigned low = fixed ? 0x0000ffff : 0x0001ffff;
  if (threadIdx.x < 16)
    v += __shfl_xor_sync(low, v, 8);  // BUG
  else
    v -= __shfl_xor_sync(0xffff0000, v, 8);
  __syncwarp();
  y[threadIdx.x] = v;
}

// Lanes with the same key, which match.any finds, choose their lowest.
extern "C" __global__ void keys(const float* x, float* y, int n) {
  unsigned key = threadIdx.x * 7 % 5, peers = __match_any_sync(0xffffffff, key);
  int leader = __ffs(peers) - 1;
  y[threadIdx.x] = __shfl_sync(peers, x[threadIdx.x], fixed ? leader : 0);  // BUG
}

// Votes of the lanes of a group, with the mask of the lanes that are active.
extern "C" __global__ void active(const float* x, float* y, int n) {
  float v = 0;
  if (threadIdx.x % 3 == 0) {
    unsigned mask = __activemask();
    v = __popc(__ballot_sync(fixed ? mask : mask & ~1u, x[threadIdx.x] >= 0));  // BUG
    v += __reduce_add_sync(mask, threadIdx.x);
  }
  y[threadIdx.x] = v;
}

// Lanes meet at different __syncwarp(): the first half writes what the second reads.
extern "C" __global__ void meeting(const float* x, float* y, int n) {
  __shared__ float tile[16];
  if (threadIdx.x < 16) {
    tile[threadIdx.x] = x[threadIdx.x];
    __syncwarp();
  } else {
    if (fixed) __syncwarp();
    y[threadIdx.x] = tile[threadIdx.x - 16];  // BUG
    if (!fixed) __syncwarp();
  }
}

// A sum by the lanes of a warp, the old way and with __syncwarp().
extern "C" __global__ void volatile_sum(const float* x, float* y, int n) {
  __shared__ float tile[64];
  tile[threadIdx.x] = x[threadIdx.x];
  tile[threadIdx.x + 32] = 0;
  __syncwarp();
  volatile float* sums = tile;
  for (int step = 16; step > 0; step /= 2) {
    float v = sums[threadIdx.x + step];  // BUG
    if (fixed) __syncwarp();
    sums[threadIdx.x] += v;
    if (fixed) __syncwarp();
  }
  y[threadIdx.x] = tile[threadIdx.x];
}

// Warps that set the same flag, and one of them alone.
extern "C" __global__ void flag(const float* x, float* y, int n) {
  __shared__ int negative;
  if (threadIdx.x == 0) negative = 0;
  __syncthreads();
  if (!fixed || threadIdx.x == 40)
    negative = 1;  // BUG
  __syncthreads();
  y[threadIdx.x] = negative;
}

// A vote of the lanes that are left, with the mask of all.
extern "C" __global__ void exits(const float* x, float* y, int n) {
  if (threadIdx.x >= 24) return;
  y[threadIdx.x] = __ballot_sync(fixed ? 0x00ffffff : 0xffffffff, x[threadIdx.x] >= 0);  // BUG
}

// Members that live and wait somewhere else.
extern "C" __global__ void strangers(const float* x, float* y, int n) {
  float v = x[threadIdx.x];
  if (threadIdx.x & 1) v += __shfl_xor_sync(fixed ? 0xaaaaaaaa : 0xffffffff, v, 2);  // BUG
  __syncwarp();
  y[threadIdx.x] = v;
}
