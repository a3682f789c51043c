// One planted bug for each check of the simulated GPU. With FIXED = 1 the same kernels are right and every check stays silent.
// Each kernel gets x and y of n floats, x written and y not, and runs with the blocks and threads of the table in bugs_test.go.
// The line that a check must name ends in "// BUG".

constexpr bool fixed = FIXED;

__device__ unsigned shared_address(const void* p) { return static_cast<unsigned>(__cvta_generic_to_shared(p)); }

__device__ void copy_async(float* shared, const float* global) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(shared_address(shared)), "l"(global) : "memory");
}

__device__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int Pending>
__device__ void wait_group() { asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory"); }

// --- bounds, alignment, life time ---

extern "C" __global__ void read_past_end(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[fixed ? i : i + 1];  // BUG
}

extern "C" __global__ void read_before_start(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[fixed ? i : i - 1];  // BUG
}

extern "C" __global__ void write_without_guard(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (!fixed || i < n)
    y[i] = 1;  // BUG
}

extern "C" __global__ void null_pointer(const float* x, float* y, int n) {
  const float* p = fixed ? x : reinterpret_cast<const float*>(static_cast<size_t>(n & 1));  // n is even
  y[threadIdx.x] = p[threadIdx.x];  // BUG
}

extern "C" __global__ void shared_past_end(const float* x, float* y, int n) {
  __shared__ float tile[64];
  for (int i = threadIdx.x; i < 64; i += 32) tile[i] = x[i];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x + n / 8 + (fixed ? 0 : 1)];  // BUG
}

extern "C" __global__ void shared_next_array(const float* x, float* y, int n) {
  __shared__ float first[32];
  __shared__ float second[32];
  first[threadIdx.x] = x[threadIdx.x];
  second[threadIdx.x] = 0;
  __syncthreads();
  float next = first[threadIdx.x + (fixed ? 0 : 1)];  // BUG
  y[threadIdx.x] = next + second[31 - threadIdx.x];
}

extern "C" __global__ void dynamic_past_end(const float* x, float* y, int n) {
  extern __shared__ float dynamic[];
  dynamic[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = dynamic[threadIdx.x ^ (fixed ? 31 : 32)];  // BUG
}

extern "C" __global__ void local_past_end(const float* x, float* y, int n) {
  volatile int row[8];
  for (int i = 0; i < 8; ++i) row[i] = i;
  y[threadIdx.x] = row[n / 32 - (fixed ? 1 : 0)];  // BUG
}

extern "C" __global__ void misaligned_global(const float* x, float* y, int n) {
  float4 v = *reinterpret_cast<const float4*>(x + threadIdx.x * (fixed ? 4 : 1));  // BUG
  y[threadIdx.x] = v.x + v.w;
}

extern "C" __global__ void misaligned_shared(const float* x, float* y, int n) {
  __shared__ __align__(16) float tile[64];
  for (int i = threadIdx.x; i < 64; i += 32) tile[i] = x[i];
  __syncthreads();
  float2 v = *reinterpret_cast<const float2*>(&tile[threadIdx.x * (fixed ? 2 : 1)]);  // BUG
  y[threadIdx.x] = v.x + v.y;
}

// The test frees x before the launch.
extern "C" __global__ void use_after_free(const float* x, float* y, int n) {
  y[threadIdx.x] = x[threadIdx.x];  // BUG
}

// --- reads of what was never written ---

extern "C" __global__ void uninitialised_global(const float* x, float* y, int n) {
  if (fixed) y[threadIdx.x] = 0;
  y[threadIdx.x] += x[threadIdx.x];  // BUG
}

extern "C" __global__ void uninitialised_shared(const float* x, float* y, int n) {
  __shared__ float tile[64];
  if (fixed || threadIdx.x != 7) tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[31 - threadIdx.x];  // BUG
}

extern "C" __global__ void unrolled(const float* x, float* y, int n) {
  __shared__ float tile[64];
  tile[threadIdx.x] = x[threadIdx.x];
  if (fixed) __syncthreads();
  float sum = 0;
#pragma unroll
  for (int i = 0; i < 8; ++i)
    sum += tile[threadIdx.x & 32 ^ 32 | i];  // BUG
  y[threadIdx.x] = sum;
}

extern "C" __global__ void uninitialised_local(const float* x, float* y, int n) {
  volatile float row[8];
  for (int i = 0; i < 8; ++i)
    if (fixed || i != 5) row[i] = i;
  y[threadIdx.x] = row[(threadIdx.x + n) & 7];  // BUG
}

extern "C" __global__ void uninitialised_register(const float* x, float* y, int n) {
  float v;
  if (fixed)
    asm volatile("{ .reg .f32 fresh; mov.f32 fresh, 0f3F800000; add.f32 %0, fresh, fresh; }" : "=f"(v));
  else
    asm volatile("{ .reg .f32 fresh; add.f32 %0, fresh, fresh; }" : "=f"(v));  // BUG
  y[threadIdx.x] = v;
}

// --- races in shared memory ---

extern "C" __global__ void read_after_write(const float* x, float* y, int n) {
  __shared__ float tile[64];
  tile[threadIdx.x] = x[threadIdx.x];
  if (fixed) __syncthreads();
  y[threadIdx.x] = tile[63 - threadIdx.x];  // BUG
}

extern "C" __global__ void write_after_read(const float* x, float* y, int n) {
  __shared__ float tile[64];
  float sum = 0;
  for (int k = 0; k < 4; ++k) {
    tile[threadIdx.x] = x[k * 64 + threadIdx.x];  // BUG
    __syncthreads();
    sum += tile[63 - threadIdx.x];
    if (fixed) __syncthreads();
  }
  y[threadIdx.x] = sum;
}

extern "C" __global__ void write_after_write(const float* x, float* y, int n) {
  __shared__ float tile[64];
  tile[fixed ? threadIdx.x : threadIdx.x & 31] = threadIdx.x;  // BUG
  __syncthreads();
  y[threadIdx.x] = tile[fixed ? 63 - threadIdx.x : threadIdx.x & 31];
}

extern "C" __global__ void race_within_warp(const float* x, float* y, int n) {
  __shared__ float tile[32];
  tile[threadIdx.x] = x[threadIdx.x];
  if (fixed) __syncwarp();
  y[threadIdx.x] = tile[31 - threadIdx.x];  // BUG
}

extern "C" __global__ void one_store_many_values(const float* x, float* y, int n) {
  __shared__ float tile[32];
  tile[fixed ? threadIdx.x : threadIdx.x & 1] = threadIdx.x;  // BUG
  __syncwarp();
  y[threadIdx.x] = tile[fixed ? 31 - threadIdx.x : threadIdx.x & 1];
}

extern "C" __global__ void atomic_against_read(const float* x, float* y, int n) {
  __shared__ int count;
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  atomicAdd(&count, 1);
  if (fixed) __syncthreads();
  y[threadIdx.x] = count;  // BUG
}

// Barrier 1 joins the first two warps only; the others read without order.
extern "C" __global__ void barrier_of_too_few_warps(const float* x, float* y, int n) {
  __shared__ float tile[64];
  if (threadIdx.x < 64) {
    tile[threadIdx.x] = x[threadIdx.x];
    if (fixed)
      asm volatile("bar.arrive 1, 128;" ::: "memory");
    else
      asm volatile("bar.sync 1, 64;" ::: "memory");
  } else {
    if (fixed) asm volatile("bar.sync 1, 128;" ::: "memory");
    y[threadIdx.x - 64] = tile[127 - threadIdx.x];  // BUG
  }
}

// --- races between blocks ---

extern "C" __global__ void blocks_write_one_place(const float* x, float* y, int n) {
  if (threadIdx.x == 0) y[fixed ? blockIdx.x : 0] = blockIdx.x;  // BUG
}

extern "C" __global__ void blocks_read_and_write(const float* x, float* y, int n) {
  if (blockIdx.x == 0) { y[threadIdx.x] = 1; } else if (!fixed) { volatile float v = y[threadIdx.x]; }  // BUG
}

// The last block to come adds up what the others left. Without the fence the atomic may be seen before the value is.
__device__ unsigned arrived;
extern "C" __global__ void last_block_without_fence(const float* x, float* y, int n) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    y[1 + blockIdx.x] = x[blockIdx.x];
    if (fixed) __threadfence();
    last = atomicAdd(&arrived, 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    __threadfence();
    float sum = 0;
    for (unsigned i = 0; i < gridDim.x; ++i)
      sum += static_cast<volatile float*>(y)[1 + i];  // BUG
    y[0] = sum;
  }
}

// The fence of thread 0 orders what the other threads wrote only if a barrier stands between.
extern "C" __global__ void last_block_without_barrier(const float* x, float* y, int n) {
  __shared__ bool last;
  y[blockIdx.x * blockDim.x + threadIdx.x] = x[threadIdx.x];
  if (fixed) __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicAdd(&arrived, 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    __threadfence();
    float sum = 0;
    for (unsigned i = 0; i < gridDim.x * blockDim.x; ++i)
      sum += static_cast<volatile float*>(y)[i];  // BUG
    y[n - 1] = sum;
  }
}

// --- barriers ---

extern "C" __global__ void barrier_in_branch(const float* x, float* y, int n) {
  if (fixed || threadIdx.x < 40) __syncthreads();  // BUG
  y[threadIdx.x] = 1;
}

extern "C" __global__ void barrier_after_exit(const float* x, float* y, int n) {
  if (threadIdx.x >= (fixed ? 32 : 40)) return;
  __syncthreads();  // BUG
  y[threadIdx.x] = 1;
}

extern "C" __global__ void barrier_of_half_a_warp(const float* x, float* y, int n) {
  if (fixed || threadIdx.x < 16) {
    __syncthreads();  // BUG
    y[threadIdx.x] = 1;
  } else {
    __syncwarp();
    __syncthreads();
    y[threadIdx.x] = 2;
  }
}

extern "C" __global__ void two_barriers(const float* x, float* y, int n) {
  if (fixed || threadIdx.x < 32)
    asm volatile("bar.sync 1;" ::: "memory");  // BUG
  else
    asm volatile("bar.sync 2;" ::: "memory");
  y[threadIdx.x] = 1;
}

extern "C" __global__ void barrier_count(const float* x, float* y, int n) {
  if (fixed)
    asm volatile("bar.sync 1, 64;" ::: "memory");
  else
    asm volatile("bar.sync 1, 40;" ::: "memory");  // BUG
  y[threadIdx.x] = 1;
}

// --- asynchronous copies ---

extern "C" __global__ void async_without_wait(const float* x, float* y, int n) {
  __shared__ float tile[64];
  copy_async(&tile[threadIdx.x], &x[threadIdx.x]);
  commit();
  if (fixed) wait_group<0>();
  __syncthreads();
  y[threadIdx.x] = tile[63 - threadIdx.x];  // BUG
}

extern "C" __global__ void async_wait_too_weak(const float* x, float* y, int n) {
  __shared__ float tile[64];
  copy_async(&tile[threadIdx.x], &x[threadIdx.x]);
  commit();
  wait_group<fixed ? 0 : 1>();
  __syncthreads();
  y[threadIdx.x] = tile[63 - threadIdx.x];  // BUG
}

extern "C" __global__ void async_without_barrier(const float* x, float* y, int n) {
  __shared__ float tile[64];
  copy_async(&tile[threadIdx.x], &x[threadIdx.x]);
  commit();
  wait_group<0>();
  if (fixed) __syncthreads();
  y[threadIdx.x] = tile[63 - threadIdx.x];  // BUG
}

// --- member masks ---

extern "C" __global__ void mask_of_absent_lanes(const float* x, float* y, int n) {
  float v = x[threadIdx.x];
  if (threadIdx.x & 1) v += __shfl_xor_sync(fixed ? 0xaaaaaaaa : 0xffffffff, v, 2);  // BUG
  y[threadIdx.x] = v;
}

extern "C" __global__ void mask_without_own_lane(const float* x, float* y, int n) {
  y[threadIdx.x] = __shfl_xor_sync(fixed ? 0xffffffff : 0x0000ffff, x[threadIdx.x], 1);  // BUG
}

extern "C" __global__ void shuffle_from_absent_lane(const float* x, float* y, int n) {
  float v = x[threadIdx.x];
  if (threadIdx.x < 16) v = __shfl_sync(0x0000ffff, v, fixed ? 12 : 20);  // BUG
  y[threadIdx.x] = v;
}

extern "C" __global__ void matrix_of_half_a_warp(const float* x, float* y, int n) {
  __shared__ __align__(16) float tile[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x) tile[i] = x[i];
  __syncthreads();
  unsigned address = shared_address(&tile[(threadIdx.x & 7) * 4]), v = 0;
  if (!fixed || blockDim.x == 32)
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(v) : "r"(address) : "memory");  // BUG
  y[threadIdx.x] = v;
}

// --- loops and stops ---

extern "C" __global__ void endless_loop(const float* x, float* y, int n) {
  volatile const float* flag = x;
  while (!fixed && flag[0] == 0) {  // BUG
  }
  y[threadIdx.x] = 1;
}

extern "C" __global__ void stops(const float* x, float* y, int n) {
  if (!fixed && threadIdx.x == 3) asm volatile("trap;");  // BUG
  y[threadIdx.x] = 1;
}

// --- in a function that was inlined ---

__device__ __forceinline__ float neighbour(const float* row, int i) {
  return row[i + (fixed ? 0 : 1)];  // BUG
}

extern "C" __global__ void inlined(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = neighbour(x, i);  // CALLER
}

// --- limits of the launch ---

extern "C" __global__ void __launch_bounds__(64) bounded(const float* x, float* y, int n) { y[threadIdx.x] = 1; }
