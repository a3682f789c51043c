// Convolution 3x3, stride 1, padding 1, as an implicit GEMM on tensor cores: x[N,H,W,C] and w[3,3,C,FILTERS] bfloat16,
// y[N,H,W,FILTERS] float32 with bias and ReLU; N, H, W, C and FILTERS are -D constants, C a multiple of 32, FILTERS of 64.
// A block makes 64 pixels by 64 filters; each of its four warps makes 32 by 32. Slices of 32 channels of one tap are copied
// asynchronously into one of two buffers while the other one is multiplied.
typedef unsigned int u32;
typedef unsigned short bf16;

constexpr int PIXELS = 64, COLUMNS = 64, DEPTH = 32, THREADS = 128, PAD = 8;
constexpr int SLICES = C / DEPTH, STEPS = 9 * SLICES;

__device__ __forceinline__ u32 shared_address(const void *p) { return (u32)__cvta_generic_to_shared(p); }

// Copies 16 bytes to shared memory, or zeros.
__device__ __forceinline__ void copy16(void *to, const void *from, bool there) {
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(there ? 16 : 0) : "memory");
}

// Loads four 8x8 matrices of A, two of B; the latter transposed.
__device__ __forceinline__ void load_a(u32 *r, const void *p) {
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
		: "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(p)) : "memory");
}

__device__ __forceinline__ void load_b(u32 *r, const void *p) {
	asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(shared_address(p)) : "memory");
}

__device__ __forceinline__ void multiply(float *c, const u32 *a, const u32 *b) {
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
		: "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

extern "C" __global__ void __launch_bounds__(THREADS)
conv(const bf16 *__restrict__ x, const bf16 *__restrict__ w, const float *__restrict__ bias, float *__restrict__ y) {
	__shared__ __align__(16) bf16 as[2][PIXELS][DEPTH + PAD];
	__shared__ __align__(16) bf16 bs[2][DEPTH][COLUMNS + PAD];
	const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
	const int wm = warp % 2 * 32, wn = warp / 2 * 32, m0 = blockIdx.x * PIXELS, n0 = blockIdx.y * COLUMNS;

	auto fetch = [&](int step) {
		const int tap = step / SLICES, c0 = step % SLICES * DEPTH, dy = tap / 3 - 1, dx = tap % 3 - 1;
		for (int e = thread; e < PIXELS * DEPTH / 8; e += THREADS) {
			int row = e / (DEPTH / 8), c = e % (DEPTH / 8) * 8, pixel = m0 + row;
			int ix = pixel % W + dx, iy = pixel / W % H + dy, n = pixel / (W * H);
			bool there = pixel < N * H * W && iy >= 0 && iy < H && ix >= 0 && ix < W;
			copy16(&as[step % 2][row][c], there ? x + ((n * H + iy) * W + ix) * C + c0 + c : x, there);
		}
		for (int e = thread; e < DEPTH * COLUMNS / 8; e += THREADS) {
			int row = e / (COLUMNS / 8), column = e % (COLUMNS / 8) * 8;
			copy16(&bs[step % 2][row][column], w + (tap * C + c0 + row) * FILTERS + n0 + column, true);
		}
		asm volatile("cp.async.commit_group;" ::: "memory");
	};

	float sum[2][4][4] = {};
	fetch(0);
	for (int step = 0; step < STEPS; step++) {
		if (step + 1 < STEPS) {
			fetch(step + 1);
			asm volatile("cp.async.wait_group 1;" ::: "memory");
		} else {
			asm volatile("cp.async.wait_group 0;" ::: "memory");
		}
		__syncthreads();
#pragma unroll
		for (int k = 0; k < DEPTH; k += 16) {
			u32 a[2][4], b[4][2];
#pragma unroll
			for (int i = 0; i < 2; i++) load_a(a[i], &as[step % 2][wm + 16 * i + lane % 16][k + lane / 16 * 8]);
#pragma unroll
			for (int j = 0; j < 4; j++) load_b(b[j], &bs[step % 2][k + lane % 16][wn + 8 * j]);
#pragma unroll
			for (int i = 0; i < 2; i++)
#pragma unroll
				for (int j = 0; j < 4; j++) multiply(sum[i][j], a[i], b[j]);
		}
		__syncthreads();
	}

#pragma unroll
	for (int i = 0; i < 2; i++)
#pragma unroll
		for (int j = 0; j < 4; j++)
#pragma unroll
			for (int half = 0; half < 2; half++) {
				int pixel = m0 + wm + 16 * i + lane / 4 + 8 * half, filter = n0 + wn + 8 * j + lane % 4 * 2;
				if (pixel < N * H * W) {
					y[pixel * FILTERS + filter] = fmaxf(sum[i][j][2 * half] + bias[filter], 0.0f);
					y[pixel * FILTERS + filter + 1] = fmaxf(sum[i][j][2 * half + 1] + bias[filter + 1], 0.0f);
				}
			}
}
