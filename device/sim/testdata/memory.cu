// Kernels whose time is memory's, of which the estimates of the time are held against published figures.

extern "C" {

__global__ void copy(const float* x, float* y, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		y[i] = x[i];
}

// Each block reads its part of x from one end to the other; one load of a thread is under way at a time.
__global__ void read_all(const double* x, double* y, long long n)
{
	double sum = 0;
#pragma unroll 1
	for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x)
		sum += x[i];
	if (sum == 123)
		y[0] = sum;
}

__global__ void transpose_naive(const float* x, float* y, int n)
{
	int c = blockIdx.x * blockDim.x + threadIdx.x, r = blockIdx.y * blockDim.y + threadIdx.y;
	y[c * n + r] = x[r * n + c];
}

__global__ void transpose_tile(const float* x, float* y, int n)
{
	__shared__ float tile[32][33];
	int c = blockIdx.x * 32 + threadIdx.x, r = blockIdx.y * 32 + threadIdx.y;
	for (int i = 0; i < 32; i += 8)
		tile[threadIdx.y + i][threadIdx.x] = x[(r + i) * n + c];
	__syncthreads();
	c = blockIdx.y * 32 + threadIdx.x, r = blockIdx.x * 32 + threadIdx.y;
	for (int i = 0; i < 32; i += 8)
		y[(r + i) * n + c] = tile[threadIdx.x][threadIdx.y + i];
}

// Every block reads the same table again and again.
__global__ void table(const float* x, float* y, int n, int times)
{
	float sum = 0;
	for (int t = 0; t < times; t++)
		for (int i = threadIdx.x; i < n; i += blockDim.x)
			sum += x[i] * t;
	y[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

// Sums of blocks in the seven steps of Harris, "Optimizing Parallel Reduction in CUDA": what they do, in words of our own. Blocks are of
// 128 threads.

// 0: every second thread, then every fourth, ...: the threads of a warp part.
__global__ void reduce_0(const int* x, int* y, int n)
{
	extern __shared__ int sums[];
	unsigned t = threadIdx.x;
	sums[t] = x[blockIdx.x * blockDim.x + t];
	__syncthreads();
	for (unsigned step = 1; step < blockDim.x; step *= 2) {
		if (t % (2 * step) == 0)
			sums[t] += sums[t + step];
		__syncthreads();
	}
	if (t == 0)
		y[blockIdx.x] = sums[0];
}

// 1: the first threads, at places step apart: they meet in banks.
__global__ void reduce_1(const int* x, int* y, int n)
{
	extern __shared__ int sums[];
	unsigned t = threadIdx.x;
	sums[t] = x[blockIdx.x * blockDim.x + t];
	__syncthreads();
	for (unsigned step = 1; step < blockDim.x; step *= 2) {
		unsigned at = 2 * step * t;
		if (at < blockDim.x)
			sums[at] += sums[at + step];
		__syncthreads();
	}
	if (t == 0)
		y[blockIdx.x] = sums[0];
}

// 2: the first threads, each with the one half of the rest away.
__global__ void reduce_2(const int* x, int* y, int n)
{
	extern __shared__ int sums[];
	unsigned t = threadIdx.x;
	sums[t] = x[blockIdx.x * blockDim.x + t];
	__syncthreads();
	for (unsigned step = blockDim.x / 2; step > 0; step >>= 1) {
		if (t < step)
			sums[t] += sums[t + step];
		__syncthreads();
	}
	if (t == 0)
		y[blockIdx.x] = sums[0];
}

// 3: half as many blocks, each of whose threads loads two numbers.
__global__ void reduce_3(const int* x, int* y, int n)
{
	extern __shared__ int sums[];
	unsigned t = threadIdx.x, i = blockIdx.x * blockDim.x * 2 + t;
	sums[t] = x[i] + x[i + blockDim.x];
	__syncthreads();
	for (unsigned step = blockDim.x / 2; step > 0; step >>= 1) {
		if (t < step)
			sums[t] += sums[t + step];
		__syncthreads();
	}
	if (t == 0)
		y[blockIdx.x] = sums[0];
}

__device__ void last_warp(volatile int* sums, unsigned t)
{
	for (int step = 32; step > 0; step >>= 1) {
		int v = sums[t + step];
		__syncwarp();
		sums[t] += v;
		__syncwarp();
	}
}

// 4: the last warp goes on without barriers of the block.
__global__ void reduce_4(const int* x, int* y, int n)
{
	extern __shared__ int sums[];
	unsigned t = threadIdx.x, i = blockIdx.x * blockDim.x * 2 + t;
	sums[t] = x[i] + x[i + blockDim.x];
	__syncthreads();
	for (unsigned step = blockDim.x / 2; step > 32; step >>= 1) {
		if (t < step)
			sums[t] += sums[t + step];
		__syncthreads();
	}
	if (t < 32)
		last_warp(sums, t);
	if (t == 0)
		y[blockIdx.x] = sums[0];
}

// 5: no loop is left.
__global__ void reduce_5(const int* x, int* y, int n)
{
	extern __shared__ int sums[];
	unsigned t = threadIdx.x, i = blockIdx.x * 256 + t;
	sums[t] = x[i] + x[i + 128];
	__syncthreads();
	if (t < 64)
		sums[t] += sums[t + 64];
	__syncthreads();
	if (t < 32)
		last_warp(sums, t);
	if (t == 0)
		y[blockIdx.x] = sums[0];
}

// 6: fewer blocks, each of whose threads sums many numbers first.
__global__ void reduce_6(const int* x, int* y, int n)
{
	extern __shared__ int sums[];
	unsigned t = threadIdx.x;
	int sum = 0;
	for (unsigned i = blockIdx.x * 256 + t; i < n; i += 256 * gridDim.x)
		sum += x[i] + x[i + 128];
	sums[t] = sum;
	__syncthreads();
	if (t < 64)
		sums[t] += sums[t + 64];
	__syncthreads();
	if (t < 32)
		last_warp(sums, t);
	if (t == 0)
		y[blockIdx.x] = sums[0];
}

}
