// Transposes an n x n matrix, n a multiple of 32, by blocks of 32 x 8 threads.
__global__ void naive(const float* in, float* out, int n) {
  int x = blockIdx.x * 32 + threadIdx.x;
  for (int y = blockIdx.y * 32 + threadIdx.y; y < blockIdx.y * 32 + 32; y += 8) out[x * n + y] = in[y * n + x];
}

// Through a tile in shared memory whose rows lie Pitch floats apart.
template <int Pitch>
__global__ void tiled(const float* in, float* out, int n) {
  __shared__ float tile[32 * Pitch];
  int x = blockIdx.x * 32, y = blockIdx.y * 32;
  for (int i = threadIdx.y; i < 32; i += 8) tile[i * Pitch + threadIdx.x] = in[(y + i) * n + x + threadIdx.x];
  __syncthreads();
  for (int i = threadIdx.y; i < 32; i += 8) out[(x + i) * n + y + threadIdx.x] = tile[threadIdx.x * Pitch + i];
}
