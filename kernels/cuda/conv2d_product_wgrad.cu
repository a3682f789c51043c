// PARTS[slice][r,s,c,k] = Σ_{n,p,q} X[n, p·STRIDE_H + r·DILATION_H − PAD_TOP, ..., c] · DY[n,p,q,k] over the positions of a slice, and so
// BIAS_PARTS[slice][k] = Σ_{n,p,q} DY[n,p,q,k], on tensor cores: the sums of a gradient by filters and by the bias, which are split since there are far
// more positions (n,p,q) than weights. X and DY have pixels of X_PITCH and DY_PITCH channels.
//
// A tile in shared memory is DEPTH positions, each a row of the channels of the block's rows (r,s,c) of X, and one of those of its columns k of
// DY, both 8 elements longer than the tile is wide, so that neither copies nor loads of fragments meet a bank twice. Channels lie in chunks of 16
// bytes, and those of one tap behind those of the one before. STAGES tiles are in flight. Where a position lies in X is looked up in a table of the
// next PLACES positions. A TF32 fragment of X takes neighbouring channels, 2g and 2g + 1, as its rows g and g + 8: that is one load.
//
// The bias's gradient is that by a further row, whose values are ones.
//
// Given HALT, it halts training as finite_check.cu does.
//
// Blocks: TILE_ROWS rows (r,s,c), of the tiles x mod ROW_TILES, and TILE_COLUMNS columns, of the tiles x / ROW_TILES, for slice y of the positions.
// Macros: N, C, K, H, W, R, S, P, Q, STRIDE_H, STRIDE_W, DILATION_H, DILATION_W, PAD_TOP, PAD_LEFT, BF16, X_PITCH, DY_PITCH, TILE_ROWS,
// TILE_COLUMNS, WARP_ROWS, WARP_COLUMNS, DEPTH, STAGES, PLACES, ROW_TILES, SLICE (positions of a slice), PART, BIAS_PART (from a slice's sums to the
// next), BIAS.
// Sums: positions of a slice in order, 8 or 16 at once as a tensor core adds them.
#include "halt.cuh"
#include "mma.cuh"

constexpr int ROWS = R * S * X_PITCH, POSITIONS = N * P * Q, TERMS = BF16 ? 16 : 8, STEPS = DEPTH / TERMS;
constexpr int WARPS_DOWN = TILE_ROWS / WARP_ROWS, THREADS = 32 * WARPS_DOWN * (TILE_COLUMNS / WARP_COLUMNS);
constexpr int DOWN = WARP_ROWS / 16, ACROSS = WARP_COLUMNS / 8; // products of a warp
constexpr int SIZE = sizeof(Narrow), STEP_OF_X = (TILE_ROWS + 8) * SIZE, STEP_OF_DY = (TILE_COLUMNS + 8) * SIZE; // bytes from a position to the next
constexpr int STAGE_BYTES = DEPTH * (STEP_OF_X + STEP_OF_DY);
constexpr bool IS_ONE_TAP = !BIAS && X_PITCH % TILE_ROWS == 0; // a tile's rows are of one tap
constexpr int MOST_TAPS = 16;                         // along an axis

// Copies says how the threads share the chunks of a tile: eight neighbours copy those of one position that lie together.
template <int TILE> struct Copies {
    static constexpr int CHUNKS = TILE / CHUNK, FEWEST = THREADS / DEPTH < 8 ? 8 : THREADS / DEPTH, LANES = CHUNKS < FEWEST ? CHUNKS : FEWEST;
    static constexpr int ACROSS = CHUNKS / LANES, AT_ONCE = THREADS / LANES;
    static constexpr int DOWN = DEPTH / AT_ONCE;
    static_assert(CHUNKS % LANES == 0 && DEPTH % AT_ONCE == 0, "the threads share a tile evenly");
};

// Place is where a position's first tap lies in X, in chunks, with a bit for each row of taps that lies outside, and behind them for each column.
struct Place {
    int chunk;
    unsigned outside;
};

__device__ inline Place place_of(int position)
{
    const int n = position / (P * Q), h = position / Q % P * STRIDE_H - PAD_TOP, w = position % Q * STRIDE_W - PAD_LEFT;
    unsigned outside = 0;
#pragma unroll
    for (int r = 0; r < R; r++)
        outside |= (unsigned)((unsigned)(h + r * DILATION_H) >= H) << r;
#pragma unroll
    for (int s = 0; s < S; s++)
        outside |= (unsigned)((unsigned)(w + s * DILATION_W) >= W) << (MOST_TAPS + s);
    return {((n * H + h) * W + w) * (X_PITCH / CHUNK), outside};
}

extern "C" __global__ void __launch_bounds__(THREADS)
conv2d_product_wgrad(const Narrow* __restrict__ x, const Narrow* __restrict__ dy, const int* __restrict__ step, int* __restrict__ halt,
                     float* __restrict__ parts, float* __restrict__ bias_parts)
{
    using OfX = Copies<TILE_ROWS>;
    using OfDY = Copies<TILE_COLUMNS>;
    extern __shared__ __align__(16) char memory[];
    __shared__ Place places[PLACES];
    const unsigned base = shared_address(memory);
    const int top = blockIdx.x % ROW_TILES * TILE_ROWS, side = blockIdx.x / ROW_TILES * TILE_COLUMNS;
    const int first = blockIdx.y * SLICE, count = min(SLICE, POSITIONS - first), tiles = (count + DEPTH - 1) / DEPTH;

    // What the thread copies: chunks behind the last row or column are copies of it, for sums that nobody stores, but for the ones.
    const int x_row = threadIdx.x / OfX::LANES, x_lane = threadIdx.x % OfX::LANES, dy_row = threadIdx.x / OfDY::LANES, dy_lane = threadIdx.x % OfDY::LANES;
    const char* tap_of[OfX::ACROSS];
    unsigned tap_bits[OfX::ACROSS];
    bool are_ones[OfX::ACROSS];
#pragma unroll
    for (int a = 0; a < OfX::ACROSS; a++) {
        const int to = top + (a * OfX::LANES + x_lane) * CHUNK, row = !BIAS && ROWS % TILE_ROWS == 0 ? to : min(to, ROWS - CHUNK);
        const int tap = (IS_ONE_TAP ? top : row) / X_PITCH, r = tap / S, s = tap % S;
        tap_of[a] = (const char*)(x + (r * DILATION_H * W + s * DILATION_W) * X_PITCH + (row - tap * X_PITCH));
        tap_bits[a] = 1u << r | 1u << MOST_TAPS << s;
        are_ones[a] = BIAS && to == ROWS;
    }
    if (BIAS && top <= ROWS && ROWS < top + TILE_ROWS)
        for (unsigned i = threadIdx.x; i < STAGES * DEPTH; i += THREADS)
            *(uint4*)(memory + i / DEPTH * STAGE_BYTES + i % DEPTH * STEP_OF_X + (ROWS - top) * SIZE) = {BF16 ? 0x3f80u : 0x3f800000u, 0, 0, 0};
    const char* gradients[OfDY::ACROSS]; // of the next tile
#pragma unroll
    for (int a = 0; a < OfDY::ACROSS; a++) {
        const int to = side + (a * OfDY::LANES + dy_lane) * CHUNK, column = DY_PITCH % TILE_COLUMNS == 0 ? to : min(to, DY_PITCH - CHUNK);
        gradients[a] = (const char*)(dy + (size_t)(first + dy_row) * DY_PITCH + column);
    }
    const unsigned x_to = base + x_row * STEP_OF_X + x_lane * 16, dy_to = base + DEPTH * STEP_OF_X + dy_row * STEP_OF_DY + dy_lane * 16;
    auto look_up = [&](int tile) { // where the positions of a tile and those behind it lie
        for (unsigned i = threadIdx.x; i < PLACES; i += THREADS) {
            const int at = tile * DEPTH + i;
            Place place = place_of(first + at);
            if (at >= count)
                place.outside = ~0u;
            places[i] = place;
        }
        __syncthreads();
    };
    Place next_places[OfX::DOWN];
    auto find_places = [&](int tile) { // of what the thread copies of the tile
#pragma unroll
        for (int d = 0; d < OfX::DOWN; d++)
            next_places[d] = places[tile * DEPTH % PLACES + x_row + d * OfX::AT_ONCE];
    };
    auto copy_x = [&](unsigned stage) {
#pragma unroll
        for (int d = 0; d < OfX::DOWN; d++)
#pragma unroll
            for (int a = 0; a < OfX::ACROSS; a++)
                if (!are_ones[a])
                    copy_chunk(x_to + stage + d * OfX::AT_ONCE * STEP_OF_X + a * OfX::LANES * 16, tap_of[a] + (long long)next_places[d].chunk * 16,
                               (next_places[d].outside & tap_bits[a]) == 0);
    };
    int left_of_slice = count - dy_row;
    auto copy_dy = [&](unsigned stage) { // of the next tile
#pragma unroll
        for (int a = 0; a < OfDY::ACROSS; a++) {
#pragma unroll
            for (int d = 0; d < OfDY::DOWN; d++)
                copy_chunk(dy_to + stage + d * OfDY::AT_ONCE * STEP_OF_DY + a * OfDY::LANES * 16, gradients[a] + d * OfDY::AT_ONCE * DY_PITCH * SIZE,
                           d * OfDY::AT_ONCE < left_of_slice);
            gradients[a] += DEPTH * DY_PITCH * SIZE;
        }
        left_of_slice -= DEPTH;
    };

    // What the warp multiplies.
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, member = lane % 4;
    const int warp_row = warp % WARPS_DOWN * WARP_ROWS, warp_column = warp / WARPS_DOWN * WARP_COLUMNS;
#if BF16
    const unsigned rows_at = base + (lane / 16 * 8 + lane % 8) * STEP_OF_X + (warp_row + lane / 8 % 2 * 8) * SIZE;
    const unsigned columns_at = base + DEPTH * STEP_OF_X + lane % 16 * STEP_OF_DY + (warp_column + lane / 16 * 8) * SIZE;
#else
    const unsigned rows_at = base + member * STEP_OF_X + (warp_row + 2 * group) * SIZE;
    const unsigned columns_at = base + DEPTH * STEP_OF_X + member * STEP_OF_DY + (warp_column + group) * SIZE;
#endif
    unsigned left[2][DOWN][4], right[2][ACROSS][2];
    auto fetch = [&](int step, unsigned stage) {
#pragma unroll
        for (int i = 0; i < DOWN; i++) {
            unsigned(&rows)[4] = left[step % 2][i];
            const unsigned from = rows_at + stage + step * TERMS * STEP_OF_X + i * 16 * SIZE;
#if BF16
            load_fragments_transposed(rows, from);
#else
            load_pair(rows[0], rows[1], from);
            load_pair(rows[2], rows[3], from + 4 * STEP_OF_X);
#endif
        }
#if BF16
#pragma unroll
        for (int j = 0; j < ACROSS / 2; j++) {
            unsigned both[4];
            load_fragments_transposed(both, columns_at + stage + step * TERMS * STEP_OF_DY + j * 16 * SIZE);
            for (int h = 0; h < 2; h++)
                right[step % 2][2 * j + h][0] = both[2 * h], right[step % 2][2 * j + h][1] = both[2 * h + 1];
        }
#else
#pragma unroll
        for (int j = 0; j < ACROSS; j++)
#pragma unroll
            for (int h = 0; h < 2; h++)
                load_word(right[step % 2][j][h], columns_at + stage + (step * TERMS + h * 4) * STEP_OF_DY + j * 8 * SIZE);
#endif
    };
    float sums[DOWN][ACROSS][4] = {};
    auto multiply = [&](int step) {
#pragma unroll
        for (int i = 0; i < DOWN; i++)
#pragma unroll
            for (int j = 0; j < ACROSS; j++)
                multiply_add(sums[i][j], left[step % 2][i], right[step % 2][j][0], right[step % 2][j][1]);
    };

#pragma unroll
    for (int tile = 0; tile < STAGES - 1; tile++)
        if (tile < tiles)
            copy_dy(tile * STAGE_BYTES);
    look_up(0);
#pragma unroll
    for (int tile = 0; tile < STAGES - 1; tile++) {
        if (tile < tiles) {
            find_places(tile);
            copy_x(tile * STAGE_BYTES);
        }
        commit_copies();
    }
    await_copies<STAGES - 2>();
    __syncthreads();
    unsigned reads = 0, writes = (STAGES - 1) * STAGE_BYTES;
    auto next = [](unsigned stage) { return stage == (STAGES - 1) * STAGE_BYTES ? 0 : stage + STAGE_BYTES; };
    fetch(0, 0);
    int tile = 0;
    for (int period = 1; tile < tiles; period++) {
        const int known = period * (PLACES / DEPTH); // of the tiles before it the places are or were in the table
        const int end = SLICE <= PLACES || known >= tiles ? tiles : known - (STAGES - 1);
#pragma unroll 1
        for (; tile < end; tile++) {
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                if (step < STEPS - 1) {
                    fetch(step + 1, reads);
                } else if (tile + 1 < tiles) {
                    await_copies<STAGES - 2>();
                    __syncthreads();
                    reads = next(reads);
                    fetch(0, reads);
                }
                multiply(step);
                if (step == 0) { // behind the first products, so that they need not wait for the places
                    if (tile + STAGES - 1 < tiles) {
                        find_places(tile + STAGES - 1);
                        copy_dy(writes);
                        copy_x(writes);
                    }
                    commit_copies();
                    writes = next(writes);
                }
            }
        }
        if (SLICE > PLACES && known < tiles)
            look_up(known);
    }

    float* part = parts + blockIdx.y * (size_t)PART;
#pragma unroll
    for (int i = 0; i < DOWN * 2; i++) {
        const int row = top + warp_row + i / 2 * 16 + (BF16 ? i % 2 * 8 + group : 2 * group + i % 2), c = row % X_PITCH;
        float* line = part + (X_PITCH == C ? row : row / X_PITCH * C + c) * K;
        if (BIAS && row == ROWS)
            line = bias_parts + blockIdx.y * BIAS_PART;
        else if (row >= ROWS || c >= C)
            continue;
#pragma unroll
        for (int j = 0; j < ACROSS; j++) {
            const int k = side + warp_column + j * 8 + 2 * member;
            const float* pair = sums[i / 2][j] + i % 2 * 2;
            float* to = line + k;
            if (K % 2 == 0) {
                if (k < K)
                    store_pair(to, pair[0], pair[1]);
            } else {
                for (int odd = 0; odd < 2; odd++)
                    if (k + odd < K)
                        to[odd] = pair[odd];
            }
        }
    }
    if (halt) { // which sums that nobody stores do not change: they are copies, or 0
        float largest[4] = {};
#pragma unroll
        for (int i = 0; i < DOWN; i++)
#pragma unroll
            for (int j = 0; j < ACROSS; j++)
#pragma unroll
                for (int at = 0; at < 4; at++)
                    largest[at] = larger(largest[at], sums[i][j][at]);
        if (!is_summable(larger(larger(largest[0], largest[1]), larger(largest[2], largest[3]))))
            halt_at(step, halt);
    }
}
