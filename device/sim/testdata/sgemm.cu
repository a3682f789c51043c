// The steps from a naive product of matrices to one that tiles for the block, the warp and the thread, as in S. Boehm's "How to Optimize a
// CUDA Matmul Kernel for cuBLAS-like Performance" (siboehm.com/articles/22/CUDA-MMM): C = alpha A B + beta C of N x N matrices, row by row,
// with N a multiple of all tiles. See sgemm_test.go.

#define ARGUMENTS int N, float alpha, const float *A, const float *B, float beta, float *C

// A thread computes one element; neighbours lie in one column.
extern "C" __global__ void naive(ARGUMENTS) {
	const unsigned row = blockIdx.x * blockDim.x + threadIdx.x, column = blockIdx.y * blockDim.y + threadIdx.y;
	if (row < N && column < N) {
		float sum = 0;
		for (int k = 0; k < N; k++) sum += A[row * N + k] * B[k * N + column];
		C[row * N + column] = alpha * sum + beta * C[row * N + column];
	}
}

// Neighbours lie in one row.
extern "C" __global__ void coalesced(ARGUMENTS) {
	const int row = blockIdx.x * 32 + threadIdx.x / 32, column = blockIdx.y * 32 + threadIdx.x % 32;
	if (row < N && column < N) {
		float sum = 0;
		for (int k = 0; k < N; k++) sum += A[row * N + k] * B[k * N + column];
		C[row * N + column] = alpha * sum + beta * C[row * N + column];
	}
}

// Tiles of 32 x 32 in shared memory.
extern "C" __global__ void shared_tile(ARGUMENTS) {
	__shared__ float a[32 * 32], b[32 * 32];
	const unsigned row = threadIdx.x / 32, column = threadIdx.x % 32;
	A += blockIdx.x * 32 * N;
	B += blockIdx.y * 32;
	C += blockIdx.x * 32 * N + blockIdx.y * 32;
	float sum = 0;
	for (int k = 0; k < N; k += 32) {
		a[row * 32 + column] = A[row * N + column];
		b[row * 32 + column] = B[row * N + column];
		__syncthreads();
		A += 32;
		B += 32 * N;
		for (int i = 0; i < 32; i++) sum += a[row * 32 + i] * b[i * 32 + column];
		__syncthreads();
	}
	C[row * N + column] = alpha * sum + beta * C[row * N + column];
}

// A thread computes 8 elements of a column.
extern "C" __global__ void column_of_8(ARGUMENTS) {
	const unsigned M = 64, K = 8, T = 8;
	__shared__ float a[M * K], b[K * M];
	const unsigned row = threadIdx.x / M, column = threadIdx.x % M;
	const unsigned ar = threadIdx.x / K, ac = threadIdx.x % K, br = threadIdx.x / M, bc = threadIdx.x % M;
	A += blockIdx.y * M * N;
	B += blockIdx.x * M;
	C += blockIdx.y * M * N + blockIdx.x * M;
	float sums[T] = {0};
	for (unsigned k = 0; k < N; k += K) {
		a[ar * K + ac] = A[ar * N + ac];
		b[br * M + bc] = B[br * N + bc];
		__syncthreads();
		A += K;
		B += K * N;
		for (unsigned i = 0; i < K; i++) {
			const float x = b[i * M + column];
			for (unsigned j = 0; j < T; j++) sums[j] += a[(row * T + j) * K + i] * x;
		}
		__syncthreads();
	}
	for (unsigned j = 0; j < T; j++) {
		float *c = &C[(row * T + j) * N + column];
		*c = alpha * sums[j] + beta * *c;
	}
}

// A thread computes 8 x 8 elements.
extern "C" __global__ void __launch_bounds__(256, 1) square_of_8(ARGUMENTS) {
	const unsigned M = 128, K = 8, T = 8;
	__shared__ float a[M * K], b[K * M];
	const unsigned row = threadIdx.x / (M / T), column = threadIdx.x % (M / T);
	const unsigned ar = threadIdx.x / K, ac = threadIdx.x % K, br = threadIdx.x / M, bc = threadIdx.x % M;
	A += blockIdx.y * M * N;
	B += blockIdx.x * M;
	C += blockIdx.y * M * N + blockIdx.x * M;
	float sums[T * T] = {0}, x[T], y[T];
	for (unsigned k = 0; k < N; k += K) {
		for (unsigned o = 0; o < M; o += 256 / K) a[(ar + o) * K + ac] = A[(ar + o) * N + ac];
		for (unsigned o = 0; o < K; o += 256 / M) b[(br + o) * M + bc] = B[(br + o) * N + bc];
		__syncthreads();
		A += K;
		B += K * N;
		for (unsigned i = 0; i < K; i++) {
			for (unsigned j = 0; j < T; j++) x[j] = a[(row * T + j) * K + i];
			for (unsigned j = 0; j < T; j++) y[j] = b[i * M + column * T + j];
			for (unsigned j = 0; j < T; j++)
				for (unsigned l = 0; l < T; l++) sums[j * T + l] += x[j] * y[l];
		}
		__syncthreads();
	}
	for (unsigned j = 0; j < T; j++)
		for (unsigned l = 0; l < T; l++) {
			float *c = &C[(row * T + j) * N + column * T + l];
			*c = alpha * sums[j * T + l] + beta * *c;
		}
}

__device__ void update4(float *c, float alpha, const float *sums, float beta) {
	float4 v = *(float4 *)c;
	v.x = alpha * sums[0] + beta * v.x;
	v.y = alpha * sums[1] + beta * v.y;
	v.z = alpha * sums[2] + beta * v.z;
	v.w = alpha * sums[3] + beta * v.w;
	*(float4 *)c = v;
}

// The same with loads of four elements; A's tile lies in shared memory transposed.
extern "C" __global__ void vectors_of_4(ARGUMENTS) {
	const unsigned M = 128, K = 8, T = 8;
	__shared__ float a[M * K], b[K * M];
	const unsigned row = threadIdx.x / (M / T), column = threadIdx.x % (M / T);
	const unsigned ar = threadIdx.x / (K / 4), ac = threadIdx.x % (K / 4), br = threadIdx.x / (M / 4), bc = threadIdx.x % (M / 4);
	A += blockIdx.y * M * N;
	B += blockIdx.x * M;
	C += blockIdx.y * M * N + blockIdx.x * M;
	float sums[T * T] = {0}, x[T], y[T];
	for (unsigned k = 0; k < N; k += K) {
		const float4 v = *(const float4 *)&A[ar * N + ac * 4];
		a[(ac * 4 + 0) * M + ar] = v.x;
		a[(ac * 4 + 1) * M + ar] = v.y;
		a[(ac * 4 + 2) * M + ar] = v.z;
		a[(ac * 4 + 3) * M + ar] = v.w;
		*(float4 *)&b[br * M + bc * 4] = *(const float4 *)&B[br * N + bc * 4];
		__syncthreads();
		A += K;
		B += K * N;
		for (unsigned i = 0; i < K; i++) {
			for (unsigned j = 0; j < T; j++) x[j] = a[i * M + row * T + j];
			for (unsigned j = 0; j < T; j++) y[j] = b[i * M + column * T + j];
			for (unsigned j = 0; j < T; j++)
				for (unsigned l = 0; l < T; l++) sums[j * T + l] += x[j] * y[l];
		}
		__syncthreads();
	}
	for (unsigned j = 0; j < T; j++)
		for (unsigned l = 0; l < T; l += 4) update4(&C[(row * T + j) * N + column * T + l], alpha, &sums[j * T + l], beta);
}

// loadTiles brings tiles of M x K of A, transposed, and K x M of B into shared memory, four elements at a time.
template <unsigned M, unsigned K, unsigned THREADS>
__device__ void loadTiles(unsigned N, const float *A, const float *B, float *a, float *b) {
	const unsigned ar = threadIdx.x / (K / 4), ac = threadIdx.x % (K / 4), br = threadIdx.x / (M / 4), bc = threadIdx.x % (M / 4);
	const unsigned arows = THREADS * 4 / K, brows = THREADS * 4 / M;
	for (unsigned o = 0; o + arows <= M; o += arows) {
		const float4 v = *(const float4 *)&A[(ar + o) * N + ac * 4];
		a[(ac * 4 + 0) * M + ar + o] = v.x;
		a[(ac * 4 + 1) * M + ar + o] = v.y;
		a[(ac * 4 + 2) * M + ar + o] = v.z;
		a[(ac * 4 + 3) * M + ar + o] = v.w;
	}
	for (unsigned o = 0; o + brows <= K; o += brows) *(float4 *)&b[(br + o) * M + bc * 4] = *(const float4 *)&B[(br + o) * N + bc * 4];
}

// The same with a tile that is twice as deep: the sizes that a search found for an A6000.
extern "C" __global__ void __launch_bounds__(256) tuned(ARGUMENTS) {
	const unsigned M = 128, K = 16, T = 8;
	__shared__ float a[M * K], b[K * M];
	const unsigned row = threadIdx.x / (M / T), column = threadIdx.x % (M / T);
	A += blockIdx.y * M * N;
	B += blockIdx.x * M;
	C += blockIdx.y * M * N + blockIdx.x * M;
	float sums[T * T] = {0}, x[T], y[T];
	for (unsigned k = 0; k < N; k += K) {
		loadTiles<M, K, 256>(N, A, B, a, b);
		__syncthreads();
		for (unsigned i = 0; i < K; i++) {
			for (unsigned j = 0; j < T; j++) x[j] = a[i * M + row * T + j];
			for (unsigned j = 0; j < T; j++) y[j] = b[i * M + column * T + j];
			for (unsigned j = 0; j < T; j++)
				for (unsigned l = 0; l < T; l++) sums[j * T + l] += x[j] * y[l];
		}
		A += K;
		B += K * N;
		__syncthreads();
	}
	for (unsigned j = 0; j < T; j++)
		for (unsigned l = 0; l < T; l += 4) update4(&C[(row * T + j) * N + column * T + l], alpha, &sums[j * T + l], beta);
}

// A warp computes 64 x 64 elements: four times a strip of 64 x 16, of which a thread has 8 x 4.
extern "C" __global__ void __launch_bounds__(128) warp_tile(ARGUMENTS) {
	const unsigned M = 128, K = 16, W = 64, STRIPS = 4, TM = 8, TN = 4, STRIP = W / STRIPS;
	__shared__ float a[M * K], b[K * M];
	const unsigned warp = threadIdx.x / 32, wrow = warp / (M / W), wcolumn = warp % (M / W);
	const unsigned lane = threadIdx.x % 32, row = lane / (STRIP / TN), column = lane % (STRIP / TN);
	A += blockIdx.y * M * N;
	B += blockIdx.x * M;
	C += (blockIdx.y * M + wrow * W) * N + blockIdx.x * M + wcolumn * W;
	float sums[TM * STRIPS * TN] = {0}, x[TM], y[STRIPS * TN];
	for (unsigned k = 0; k < N; k += K) {
		loadTiles<M, K, 128>(N, A, B, a, b);
		__syncthreads();
		for (unsigned i = 0; i < K; i++) {
			for (unsigned j = 0; j < TM; j++) x[j] = a[i * M + wrow * W + row * TM + j];
			for (unsigned s = 0; s < STRIPS; s++)
				for (unsigned l = 0; l < TN; l++) y[s * TN + l] = b[i * M + wcolumn * W + s * STRIP + column * TN + l];
			for (unsigned s = 0; s < STRIPS; s++)
				for (unsigned j = 0; j < TM; j++)
					for (unsigned l = 0; l < TN; l++) sums[(j * STRIPS + s) * TN + l] += x[j] * y[s * TN + l];
		}
		A += K;
		B += K * N;
		__syncthreads();
	}
	for (unsigned s = 0; s < STRIPS; s++)
		for (unsigned j = 0; j < TM; j++) update4(&C[(row * TM + j) * N + s * STRIP + column * TN], alpha, &sums[(j * STRIPS + s) * TN], beta);
}
