// Adds n values to *sum: each thread adds some, shuffles add the threads of a warp, shared memory the warps of a block, and one
// atomic addition for each block the blocks.
extern "C" __global__ void reduce(const float *__restrict__ x, float *__restrict__ sum, int n) {
	__shared__ float warps[32];
	const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
	float s = 0.0f;
	for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) s += x[i];
	for (int d = 16; d > 0; d /= 2) s += __shfl_xor_sync(0xffffffff, s, d);
	if (lane == 0) warps[warp] = s;
	__syncthreads();
	if (warp == 0) {
		s = lane < (blockDim.x + 31) / 32 ? warps[lane] : 0.0f;
		for (int d = 16; d > 0; d /= 2) s += __shfl_down_sync(0xffffffff, s, d);
		if (lane == 0) atomicAdd(sum, s);
	}
}
