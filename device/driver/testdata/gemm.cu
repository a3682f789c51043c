// C[M,N] = A[M,K] B[K,N], float32, row-major; M, N and K are -D constants. A block makes a tile of 64 by 64 from slices of depth
// 16 in shared memory; each of its 256 threads makes 4 by 4 of it.
constexpr int TILE = 64, DEPTH = 16, PART = 4;

extern "C" __global__ void __launch_bounds__(256) gemm(const float *__restrict__ a, const float *__restrict__ b, float *__restrict__ c) {
	__shared__ __align__(16) float as[DEPTH][TILE + 4];
	__shared__ __align__(16) float bs[DEPTH][TILE];
	const int thread = threadIdx.x, column = thread % 16 * PART, row = thread / 16 * PART;
	const int m0 = blockIdx.y * TILE, n0 = blockIdx.x * TILE;
	float sum[PART][PART] = {};
	for (int k0 = 0; k0 < K; k0 += DEPTH) {
		for (int i = thread; i < TILE * DEPTH; i += 256) {
			int m = i / DEPTH, k = i % DEPTH;
			as[k][m] = m0 + m < M && k0 + k < K ? a[(m0 + m) * K + k0 + k] : 0.0f;
		}
		for (int i = thread; i < TILE * DEPTH; i += 256) {
			int k = i / TILE, n = i % TILE;
			bs[k][n] = n0 + n < N && k0 + k < K ? b[(k0 + k) * N + n0 + n] : 0.0f;
		}
		__syncthreads();
#pragma unroll
		for (int k = 0; k < DEPTH; k++) {
			float4 va = *(const float4 *)&as[k][row], vb = *(const float4 *)&bs[k][column];
			float pa[PART] = {va.x, va.y, va.z, va.w}, pb[PART] = {vb.x, vb.y, vb.z, vb.w};
#pragma unroll
			for (int i = 0; i < PART; i++)
#pragma unroll
				for (int j = 0; j < PART; j++) sum[i][j] = fmaf(pa[i], pb[j], sum[i][j]);
		}
		__syncthreads();
	}
	for (int i = 0; i < PART; i++)
		for (int j = 0; j < PART; j++)
			if (m0 + row + i < M && n0 + column + j < N) c[(m0 + row + i) * N + n0 + column + j] = sum[i][j];
}
