// A product of matrices of f16 with sums in f32 as well-made kernels for mma.sync compute it: C = A B', A of N x N row by row and B' of N x N
// column by column, tiles of 128 x 128 x 32 of which three are under way, four warps of 64 x 64, ldmatrix without bank conflicts.

typedef unsigned u32;

const u32 M = 128, K = 32, STAGES = 3;

// chunk gives the address of 16 bytes of a row of 64 bytes: rows that ldmatrix reads together lie in different banks.
__device__ u32 chunk(u32 tile, u32 row, u32 c) { return tile + row * 64 + ((c ^ (row >> 1 & 3)) << 4); }

__device__ void copyTile(u32 tile, const unsigned short *x, u32 n) {
	for (u32 i = threadIdx.x; i < M * 4; i += 128)
		asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(chunk(tile, i / 4, i % 4)), "l"(x + i / 4 * n + i % 4 * 8));
}

__device__ void load(u32 (&r)[4], u32 address) {
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address));
}

__device__ void multiply(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
		: "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

extern "C" __global__ void __launch_bounds__(128) hgemm(u32 n, const unsigned short *A, const unsigned short *B, float *C) {
	__shared__ __align__(128) unsigned short tiles[STAGES * 2 * M * K];
	const u32 start = __cvta_generic_to_shared(tiles), bytes = M * K * 2;
	A += blockIdx.y * M * n;
	B += blockIdx.x * M * n;
	const u32 lane = threadIdx.x % 32, warp = threadIdx.x / 32, row = warp / 2 * 64, column = warp % 2 * 64;
	float sums[4][8][4] = {};
	for (u32 s = 0; s < STAGES - 1; s++) {
		copyTile(start + s * 2 * bytes, A + s * K, n);
		copyTile(start + s * 2 * bytes + bytes, B + s * K, n);
		asm volatile("cp.async.commit_group;");
	}
	for (u32 k = 0, stage = 0; k < n; k += K) {
		asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2));
		__syncthreads();
		const u32 a = start + stage * 2 * bytes, b = a + bytes;
		const u32 next = stage == 0 ? STAGES - 1 : stage - 1;
		if (k + (STAGES - 1) * K < n) {
			copyTile(start + next * 2 * bytes, A + k + (STAGES - 1) * K, n);
			copyTile(start + next * 2 * bytes + bytes, B + k + (STAGES - 1) * K, n);
		}
		asm volatile("cp.async.commit_group;");
#pragma unroll
		for (u32 h = 0; h < K / 16; h++) {
			u32 x[4][4], y[4][4];
#pragma unroll
			for (u32 i = 0; i < 4; i++) load(x[i], chunk(a, row + i * 16 + lane % 16, h * 2 + lane / 16));
#pragma unroll
			for (u32 i = 0; i < 4; i++) load(y[i], chunk(b, column + i * 16 + lane % 8 + lane / 16 * 8, h * 2 + lane / 8 % 2));
#pragma unroll
			for (u32 i = 0; i < 4; i++)
#pragma unroll
				for (u32 j = 0; j < 8; j++) multiply(sums[i][j], x[i], y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]);
		}
		stage = stage == STAGES - 1 ? 0 : stage + 1;
	}
	for (u32 i = 0; i < 4; i++)
		for (u32 j = 0; j < 8; j++)
			for (u32 h = 0; h < 2; h++)
				*(float2 *)&C[(blockIdx.y * M + row + i * 16 + lane / 4 + h * 8) * n + blockIdx.x * M + column + j * 8 + lane % 4 * 2] =
					make_float2(sums[i][j][2 * h], sums[i][j][2 * h + 1]);
}
