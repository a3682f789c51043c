// The inner kernel of every convolution and matrix product: a block computes a TILE × TILE part of
//
//     product(row, column) = Σ_{term = first}^{last − 1} left(row, term) · right(term, column)
//
// through shared memory, DEPTH terms at a time; each thread keeps SUMS × SUMS sums in registers. left and right are functions that
// return the value at a place, zero outside, so that a convolution reads its windows where they lie in the image.
//
// Blocks: block x computes the tile of rows x mod ROW_TILES and columns x / ROW_TILES; a thread SUMS rows that are neighbours, and
// SUMS columns that are TILE / SUMS apart.
// Macros: TILE, SUMS, ROW_TILES (that cover the product's rows).
// Sums: terms in order, each added by a fused multiply-add.

constexpr int DEPTH = 16, THREADS = TILE / SUMS * (TILE / SUMS);

// Where neighbouring threads read the left factor: at neighbouring terms, or at neighbouring rows.
enum Order { ALONG_TERMS, ALONG_ROWS };

template <Order order, class Left, class Right, class Store>
__device__ void tile_product(unsigned first, unsigned last, Left left, Right right, Store store)
{
    __shared__ float lefts[DEPTH][TILE + 1], rights[DEPTH][TILE]; // the odd pitch keeps the transposed stores off one bank
    const unsigned top = blockIdx.x % ROW_TILES * TILE, side = blockIdx.x / ROW_TILES * TILE;
    const unsigned row = threadIdx.x / (TILE / SUMS) * SUMS, column = threadIdx.x % (TILE / SUMS);
    float sums[SUMS][SUMS] = {};
    for (unsigned begin = first; begin < last; begin += DEPTH) {
        for (unsigned i = threadIdx.x; i < DEPTH * TILE; i += THREADS) {
            const unsigned term = order == ALONG_TERMS ? i % DEPTH : i / TILE, row = order == ALONG_TERMS ? i / DEPTH : i % TILE;
            lefts[term][row] = begin + term < last ? left(top + row, begin + term) : 0.0f;
            rights[i / TILE][i % TILE] = begin + i / TILE < last ? right(begin + i / TILE, side + i % TILE) : 0.0f;
        }
        __syncthreads();
        for (int term = 0; term < DEPTH; term++)
            for (int i = 0; i < SUMS; i++)
                for (int j = 0; j < SUMS; j++)
                    sums[i][j] = fmaf(lefts[term][row + i], rights[term][column + j * (TILE / SUMS)], sums[i][j]);
        __syncthreads();
    }
    for (int i = 0; i < SUMS; i++)
        for (int j = 0; j < SUMS; j++)
            store(top + row + i, side + column + j * (TILE / SUMS), sums[i][j]);
}
