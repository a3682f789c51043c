// The inner kernel of every convolution and matrix product: a block of 256 threads computes a TILE × TILE part of
//
//     C(m, n) = Σ_{k = first}^{last - 1} A(m, k) · B(k, n)
//
// through shared memory, DEPTH terms at a time; each thread keeps 4 × 4 sums in registers. A and B are functions that return the
// value at a place, zero outside, so that a convolution reads its windows where they lie in the image.

constexpr int TILE = 64, DEPTH = 16, THREADS = 256, SUMS = 4;

// Where neighbouring threads read A: at neighbouring k, or at neighbouring m.
enum Order { ALONG_K, ALONG_M };

template <Order order, class A, class B, class Store>
__device__ void tile_product(int m0, int n0, int first, int last, A a, B b, Store store)
{
    __shared__ float as[DEPTH][TILE + 1], bs[DEPTH][TILE]; // the odd pitch keeps the transposed stores off one bank
    const int row = threadIdx.x / (TILE / SUMS) * SUMS, column = threadIdx.x % (TILE / SUMS);
    float sums[SUMS][SUMS] = {};
    for (int k0 = first; k0 < last; k0 += DEPTH) {
        for (int i = threadIdx.x; i < DEPTH * TILE; i += THREADS) {
            const int k = order == ALONG_K ? i % DEPTH : i / TILE, m = order == ALONG_K ? i / DEPTH : i % TILE;
            as[k][m] = k0 + k < last ? a(m0 + m, k0 + k) : 0.0f;
            bs[i / TILE][i % TILE] = k0 + i / TILE < last ? b(k0 + i / TILE, n0 + i % TILE) : 0.0f;
        }
        __syncthreads();
        for (int k = 0; k < DEPTH; k++)
            for (int i = 0; i < SUMS; i++)
                for (int j = 0; j < SUMS; j++)
                    sums[i][j] = fmaf(as[k][row + i], bs[k][column + j * (TILE / SUMS)], sums[i][j]);
        __syncthreads();
    }
    for (int i = 0; i < SUMS; i++)
        for (int j = 0; j < SUMS; j++)
            store(m0 + row + i, n0 + column + j * (TILE / SUMS), sums[i][j]);
}
