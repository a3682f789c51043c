// Blocks, warps and threads that meet in global memory. Each pattern is a template: Bug 0 is right, the others leave out one thing that
// it needs. A kernel gets data (n words of its work), sync (words that are zero before the launch), y for results, and n.

template <class T>
__device__ T volatile_load(const T* p) { return *static_cast<const volatile T*>(p); }
template <class T>
__device__ void volatile_store(T* p, T v) { *static_cast<volatile T*>(p) = v; }

__device__ int load_acquire(const int* p) {
  int v;
  asm volatile("ld.acquire.gpu.global.s32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
  return v;
}
__device__ int load_relaxed(const int* p) {
  int v;
  asm volatile("ld.relaxed.gpu.global.s32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
  return v;
}
__device__ int load_acquire_block(const int* p) {
  int v;
  asm volatile("ld.acquire.cta.global.s32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
  return v;
}
__device__ int load_plain(const int* p) {
  int v;
  asm volatile("ld.global.s32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
  return v;
}
__device__ void store_release(int* p, int v) { asm volatile("st.release.gpu.global.s32 [%0], %1;" ::"l"(p), "r"(v) : "memory"); }
__device__ void store_release_block(int* p, int v) { asm volatile("st.release.cta.global.s32 [%0], %1;" ::"l"(p), "r"(v) : "memory"); }
__device__ void store_relaxed(int* p, int v) { asm volatile("st.relaxed.gpu.global.s32 [%0], %1;" ::"l"(p), "r"(v) : "memory"); }

#define KERNEL(name, body, bug) \
  extern "C" __global__ void name(int* data, int* sync, float* y, int n) { body<bug>(data, sync, y, n); }

// A lock that is taken by compare-and-swap and released by an exchange; what it guards is plain.
// 1: no fence before the release, 2: fences of the block, 3: no fence after the lock was taken.
template <int Bug>
__device__ void lock(int* data, int* sync, float* y, int n) {
  if (threadIdx.x == 0) {
    while (atomicCAS(&sync[0], 0, 1) != 0) {
    }
    if (Bug == 2) __threadfence_block();
    else if (Bug != 3) __threadfence();
    data[0] += 1;
    if (Bug == 2) __threadfence_block();
    else if (Bug != 1) __threadfence();
    atomicExch(&sync[0], 0);
  }
}
KERNEL(lock_right, lock, 0)
KERNEL(lock_no_release, lock, 1)
KERNEL(lock_block_fence, lock, 2)
KERNEL(lock_no_acquire, lock, 3)

// All threads of a block take the lock one after the other: the lanes of a warp wait for each other.
template <int Bug>
__device__ void lock_of_threads(int* data, int* sync, float* y, int n) {
  for (bool done = false; !done;) {
    if (atomicCAS(&sync[0], 0, 1) == 0) {
      __threadfence();
      volatile_store(&data[0], volatile_load(&data[0]) + 1);
      __threadfence();
      atomicExch(&sync[0], 0);
      done = true;
    }
  }
}
KERNEL(lock_of_threads_right, lock_of_threads, 0)

// A lock by tickets, with acquire and release. 1: the ticket is served with a relaxed store.
template <int Bug>
__device__ void ticket(int* data, int* sync, float* y, int n) {
  if (threadIdx.x == 0) {
    int mine = atomicAdd(&sync[0], 1);
    while (load_acquire(&sync[1]) != mine) {
    }
    data[0] += 1;
    if (Bug == 1) store_relaxed(&sync[1], mine + 1);
    else store_release(&sync[1], mine + 1);
  }
}
KERNEL(ticket_right, ticket, 0)
KERNEL(ticket_relaxed, ticket, 1)

// The last block writes, the others wait for its flag. 1: the store of the flag is relaxed, 2: its release reaches the block only,
// 3: the load is relaxed, 4: the acquire reaches the block only, 5: the load is plain, 6: the store is plain.
template <int Bug>
__device__ void flag(int* data, int* sync, float* y, int n) {
  if (blockIdx.x == gridDim.x - 1) {
    data[threadIdx.x] = threadIdx.x + 1;
    __syncthreads();
    if (threadIdx.x == 0) {
      if (Bug == 1) store_relaxed(&sync[0], 1);
      else if (Bug == 2) store_release_block(&sync[0], 1);
      else if (Bug == 6) sync[0] = 1;
      else store_release(&sync[0], 1);
    }
  } else {
    if (threadIdx.x == 0) {
      if (Bug == 3) while (load_relaxed(&sync[0]) == 0) {}
      else if (Bug == 4) while (load_acquire_block(&sync[0]) == 0) {}
      else if (Bug == 5) while (load_plain(&sync[0]) == 0) __threadfence();
      else while (load_acquire(&sync[0]) == 0) {}
    }
    __syncthreads();
    y[blockIdx.x * blockDim.x + threadIdx.x] = data[blockDim.x - 1 - threadIdx.x];
  }
}
KERNEL(flag_right, flag, 0)
KERNEL(flag_relaxed_store, flag, 1)
KERNEL(flag_block_release, flag, 2)
KERNEL(flag_relaxed_load, flag, 3)
KERNEL(flag_block_acquire, flag, 4)
KERNEL(flag_plain_load, flag, 5)
KERNEL(flag_plain_store, flag, 6)

// The same with volatile and __threadfence. 1: no fence before the flag, 2: the flag is read with no volatile, so that it is read once,
// 3: a fence of the block.
template <int Bug>
__device__ void volatile_flag(int* data, int* sync, float* y, int n) {
  if (blockIdx.x == gridDim.x - 1) {
    data[threadIdx.x] = threadIdx.x + 1;
    __syncthreads();
    if (threadIdx.x == 0) {
      if (Bug == 3) __threadfence_block();
      else if (Bug != 1) __threadfence();
      volatile_store(&sync[0], 1);
    }
  } else {
    if (threadIdx.x == 0) {
      if (Bug == 2) while (sync[0] == 0) {}
      else while (volatile_load(&sync[0]) == 0) {}
      __threadfence();
    }
    __syncthreads();
    y[blockIdx.x * blockDim.x + threadIdx.x] = data[blockDim.x - 1 - threadIdx.x];
  }
}
KERNEL(volatile_flag_right, volatile_flag, 0)
KERNEL(volatile_flag_no_fence, volatile_flag, 1)
KERNEL(volatile_flag_plain, volatile_flag, 2)
KERNEL(volatile_flag_block_fence, volatile_flag, 3)

// Two blocks hand a value to and fro. 1: one side has no fence.
template <int Bug>
__device__ void handshake(int* data, int* sync, float* y, int n) {
  if (threadIdx.x == 0) {
    for (int round = 0; round < 10; ++round) {
      while (volatile_load(&sync[0]) != static_cast<int>(2 * round + blockIdx.x)) {
      }
      __threadfence();
      data[0] = data[0] * 3 + blockIdx.x + 1;
      if (Bug == 0 || blockIdx.x == 0) __threadfence();
      volatile_store(&sync[0], static_cast<int>(2 * round + blockIdx.x + 1));
    }
  }
}
KERNEL(handshake_right, handshake, 0)
KERNEL(handshake_no_fence, handshake, 1)

// A barrier of the grid in software, between the steps of a stencil that reads what the neighbour blocks wrote.
// 1: no fence before the arrival, 2: no barrier of the block before it, 3: no barrier of the grid, 4: right, each thread has a fence
// before the barrier of the block, 5: only the thread that arrives has one there.
template <int Bug>
__device__ void grid_barrier(int* sync, int step) {
  if (Bug == 4 || Bug == 5 && threadIdx.x == 0) __threadfence();
  if (Bug != 2) __syncthreads();
  if (threadIdx.x == 0 && Bug != 3) {
    if (Bug == 0 || Bug == 2) __threadfence();
    atomicAdd(&sync[0], 1);
    while (volatile_load(&sync[0]) < static_cast<int>(gridDim.x) * (step + 1)) {
    }
    __threadfence();
  }
  __syncthreads();
}
template <int Bug>
__device__ void stencil(int* data, int* sync, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, half = gridDim.x * blockDim.x;
  data[i] = i % 7;
  grid_barrier<Bug>(sync, 0);
  for (int step = 0; step < 4; ++step) {
    int *from = data + step % 2 * half, *to = data + (step + 1) % 2 * half;
    to[i] = from[i] + from[(i + 1) % half] - from[(i + half - 33) % half];
    grid_barrier<Bug>(sync, step + 1);
  }
  y[i] = data[i];
}
KERNEL(stencil_right, stencil, 0)
KERNEL(stencil_no_fence, stencil, 1)
KERNEL(stencil_no_block_barrier, stencil, 2)
KERNEL(stencil_no_grid_barrier, stencil, 3)
KERNEL(stencil_fences_first, stencil, 4)
KERNEL(stencil_one_fence_first, stencil, 5)

// A barrier of the grid without atomics, in which block 0 collects the flags of all blocks and sends theirs back with no fence of its own (Xiao
// and Feng, 2010). 1: no fence before the flags.
template <int Bug>
__device__ void tree_barrier(int* sync, int step) {
  volatile int *in = sync, *out = sync + gridDim.x;
  if (Bug != 1) __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) in[blockIdx.x] = step;
  if (blockIdx.x == 0) {
    if (threadIdx.x < gridDim.x) {
      while (in[threadIdx.x] != step) {
      }
    }
    __syncthreads();
    if (threadIdx.x < gridDim.x) out[threadIdx.x] = step;
  }
  if (threadIdx.x == 0) {
    while (out[blockIdx.x] != step) {
    }
  }
  __syncthreads();
}
template <int Bug>
__device__ void neighbours(int* data, int* sync, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x, sum = 0;
  for (int step = 1; step <= 3; ++step) {
    data[i] = i * step;
    tree_barrier<Bug>(sync, 2 * step - 1);
    sum += volatile_load(&data[(i + blockDim.x) % all]);
    tree_barrier<Bug>(sync, 2 * step);
  }
  y[i] = sum;
}
KERNEL(neighbours_right, neighbours, 0)
KERNEL(neighbours_no_fence, neighbours, 1)

// grid.sync() of cooperative groups, as its header has it: the driver's workspace is in %envreg1 and %envreg2, its second word is
// the barrier, whose highest bit turns when all have come. 1: the arrival does not release.
template <int Bug>
__device__ void grid_sync() {
  __syncthreads();
  if (threadIdx.x == 0) {
    unsigned high, low, old, now, arrivals = blockIdx.x == 0 ? 0x80000000u - (gridDim.x - 1) : 1;
    asm volatile("mov.u32 %0, %%envreg1;" : "=r"(high));
    asm volatile("mov.u32 %0, %%envreg2;" : "=r"(low));
    unsigned* barrier = reinterpret_cast<unsigned*>(static_cast<unsigned long long>(high) << 32 | low) + 1;
    if (Bug == 1) asm volatile("atom.add.relaxed.gpu.u32 %0, [%1], %2;" : "=r"(old) : "l"(barrier), "r"(arrivals) : "memory");
    else asm volatile("atom.add.release.gpu.u32 %0, [%1], %2;" : "=r"(old) : "l"(barrier), "r"(arrivals) : "memory");
    do {
      asm volatile("ld.acquire.gpu.u32 %0, [%1];" : "=r"(now) : "l"(barrier) : "memory");
    } while (((old ^ now) & 0x80000000u) == 0);
  }
  __syncthreads();
}
template <int Bug>
__device__ void cooperative(int* data, int* sync, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, all = gridDim.x * blockDim.x;
  int sum = 0;
  for (int round = 0; round < 3; ++round) {
    data[i] = i + round;
    grid_sync<Bug>();
    sum += data[all - 1 - i];
    grid_sync<Bug>();
  }
  y[i] = sum;
}
KERNEL(cooperative_right, cooperative, 0)
KERNEL(cooperative_relaxed, cooperative, 1)

// A scan in one pass: a block takes the next tile, adds it up and waits for the sum of those before it (Merrill and Garland, "Single-pass
// Parallel Prefix Scan with Decoupled Look-back", 2016, with a look at one predecessor). 1: no fence between sum and flag.
template <int Bug>
__device__ void scan(int* data, int* sync, float* y, int n) {
  __shared__ int tile, before;
  if (threadIdx.x == 0) tile = atomicAdd(&sync[0], 1);
  __syncthreads();
  int *flags = sync + 1, *sums = data + n / 2;
  int x = 1 + tile % 3;
  if (threadIdx.x == 0) {
    before = 0;
    if (tile > 0) {
      while (volatile_load(&flags[tile - 1]) == 0) {
      }
      __threadfence();
      before = sums[tile - 1];
    }
    sums[tile] = before + x * blockDim.x;
    if (Bug != 1) __threadfence();
    volatile_store(&flags[tile], 1);
  }
  __syncthreads();
  y[tile * blockDim.x + threadIdx.x] = before + x * (threadIdx.x + 1);
}
KERNEL(scan_right, scan, 0)
KERNEL(scan_no_fence, scan, 1)

// The last block adds up what all have written, as the CUDA programming guide has it: the loads are volatile and no fence follows the
// atomic. 1: the loads are plain, 2: no fence before the atomic.
template <int Bug>
__device__ void last_block(int* data, int* sync, float* y, int n) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    data[blockIdx.x] = blockIdx.x + 1;
    if (Bug != 2) __threadfence();
    last = atomicAdd(&sync[0], 1) == static_cast<int>(gridDim.x) - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    int sum = 0;
    for (unsigned i = 0; i < gridDim.x; ++i) sum += Bug == 1 ? data[i] : volatile_load(&data[i]);
    y[0] = sum;
  }
}
KERNEL(last_block_right, last_block, 0)
KERNEL(last_block_plain, last_block, 1)
KERNEL(last_block_no_fence, last_block, 2)

// Counters of all blocks. 1: the atomics are those of a block.
template <int Bug>
__device__ void counter(int* data, int* sync, float* y, int n) {
  if (Bug == 1) atomicAdd_block(&sync[threadIdx.x % 4], 1);
  else atomicAdd(&sync[threadIdx.x % 4], 1);
}
KERNEL(counter_right, counter, 0)
KERNEL(counter_of_block, counter, 1)

// A flag that says that something was found: all write the same. 1: what they write is not the same, 2: a block reads it.
template <int Bug>
__device__ void found(int* data, int* sync, float* y, int n) {
  if (Bug == 2 && blockIdx.x == 0 && threadIdx.x == 0) y[0] = volatile_load(&sync[0]);
  if (threadIdx.x == 0) sync[0] = Bug == 1 ? 1 + blockIdx.x : 1;
}
KERNEL(found_right, found, 0)
KERNEL(found_values, found, 1)
KERNEL(found_read, found, 2)

// Threads of a block meet in global memory. 1: no barrier.
template <int Bug>
__device__ void within_block(int* data, int* sync, float* y, int n) {
  int* mine = data + blockIdx.x * blockDim.x;
  mine[threadIdx.x] = threadIdx.x;
  if (Bug == 0) __syncthreads();
  y[blockIdx.x * blockDim.x + threadIdx.x] = mine[blockDim.x - 1 - threadIdx.x];
}
KERNEL(within_block_right, within_block, 0)
KERNEL(within_block_no_barrier, within_block, 1)

// The other way round: what others still read is written. 1: no barrier.
template <int Bug>
__device__ void shift(int* data, int* sync, float* y, int n) {
  int* mine = data + blockIdx.x * blockDim.x;
  mine[threadIdx.x] = threadIdx.x;
  __syncthreads();
  int v = mine[(threadIdx.x + 1) % blockDim.x];
  if (Bug == 0) __syncthreads();
  mine[threadIdx.x] = v;
  y[blockIdx.x * blockDim.x + threadIdx.x] = v;
}
KERNEL(shift_right, shift, 0)
KERNEL(shift_no_barrier, shift, 1)

// The lanes of a warp. 1: no __syncwarp.
template <int Bug>
__device__ void within_warp(int* data, int* sync, float* y, int n) {
  data[threadIdx.x] = threadIdx.x;
  if (Bug == 0) __syncwarp();
  else asm volatile("" ::: "memory");
  y[threadIdx.x] = data[threadIdx.x ^ 1];
}
KERNEL(within_warp_right, within_warp, 0)
KERNEL(within_warp_no_sync, within_warp, 1)

// A warp waits for another one of its block. 1: no fence.
template <int Bug>
__device__ void warp_flag(int* data, int* sync, float* y, int n) {
  if (threadIdx.x == 32) {
    data[0] = 5;
    if (Bug != 1) __threadfence_block();
    volatile_store(&sync[0], 1);
  } else if (threadIdx.x == 0) {
    while (volatile_load(&sync[0]) == 0) {
    }
    __threadfence_block();
    y[0] = data[0];
  }
}
KERNEL(warp_flag_right, warp_flag, 0)
KERNEL(warp_flag_no_fence, warp_flag, 1)

// The same in shared memory, by a flag. 1: no fence.
template <int Bug>
__device__ void shared_flag(int* data, int* sync, float* y, int n) {
  __shared__ volatile int flag;
  __shared__ int v[32];
  if (threadIdx.x == 0) flag = 0;
  __syncthreads();
  if (threadIdx.x < 32) {
    v[threadIdx.x] = threadIdx.x;
    __syncwarp();
    if (Bug != 1) __threadfence_block();
    if (threadIdx.x == 0) flag = 1;
  } else {
    while (flag == 0) {
    }
    __threadfence_block();
    y[threadIdx.x] = v[63 - threadIdx.x];
  }
}
KERNEL(shared_flag_right, shared_flag, 0)
KERNEL(shared_flag_no_fence, shared_flag, 1)

// A lock in shared memory. 1: no fences.
template <int Bug>
__device__ void shared_lock(int* data, int* sync, float* y, int n) {
  __shared__ int taken, count;
  if (threadIdx.x == 0) taken = count = 0;
  __syncthreads();
  if (threadIdx.x % 32 == 0) {
    while (atomicCAS(&taken, 0, 1) != 0) {
    }
    if (Bug != 1) __threadfence_block();
    count += 1;
    if (Bug != 1) __threadfence_block();
    atomicExch(&taken, 0);
  }
  __syncthreads();
  y[threadIdx.x] = count;
}
KERNEL(shared_lock_right, shared_lock, 0)
KERNEL(shared_lock_no_fences, shared_lock, 1)

// A sum of floats. 1: in the order of the atomics.
template <int Bug>
__device__ void float_sum(int* data, int* sync, float* y, int n) {
  if (Bug == 0) y[blockIdx.x * blockDim.x + threadIdx.x] = 0.1f * threadIdx.x;
  else atomicAdd(reinterpret_cast<float*>(sync), 1.0f / (1 + threadIdx.x + 7 * blockIdx.x));
}
KERNEL(float_sum_right, float_sum, 0)
KERNEL(float_sum_by_atomics, float_sum, 1)

// Loops without an end. 1: nobody writes the flag, 2: a plain loop, 3: a table with no free place, 4: the same store again and again,
// 5: blocks that wait for each other's flags, 6: a block that waits for one that comes after it, by a plain load.
template <int Bug>
__device__ void endless(int* data, int* sync, float* y, int n) {
  if (Bug == 1) while (volatile_load(&sync[0]) == 0) {}
  if (Bug == 2) for (;;) asm volatile("");
  if (Bug == 3) {
    unsigned h = threadIdx.x;
    while (atomicCAS(&sync[h], 0, 7) != -1) h = (h + 1) % 37;
    y[threadIdx.x] = h;
  }
  if (Bug == 4) for (int i = 0; i < n; i += sync[0]) data[threadIdx.x] = 1;
  if (Bug == 5) {
    while (volatile_load(&sync[(blockIdx.x + 1) % gridDim.x]) == 0) {
    }
    volatile_store(&sync[blockIdx.x], 1);
  }
}
KERNEL(endless_flag, endless, 1)
KERNEL(endless_plain, endless, 2)
KERNEL(endless_table, endless, 3)
KERNEL(endless_store, endless, 4)
KERNEL(endless_circle, endless, 5)
