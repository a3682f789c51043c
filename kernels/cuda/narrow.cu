// Y = values of X rounded to the nearest TF32 number (ties away from zero, kept as a float32) or bfloat16 (ties to even). A part of X [A][B][C]
// lies in Y as [A][B][pitch] or, if it is turned, as [C][A][pitch], with zeros behind the last axis. What is not finite stays so.
// Blocks: those of a part follow each other. Thread i of those of one that is not turned computes chunk i of it, 16 bytes. Where it is turned, block
// x takes tile x mod ROW_TILES of 8 chunks of (a, pitch) and tile x / ROW_TILES of 32 channels c, in which thread i stores chunk i mod 8 of channel i / 8.
// Macros: PARTS, THREADS (of a block), TABLE (of each part a Part), BF16.
// Sums: none.
#include "narrow.cuh"
#include "overlap.cuh"

struct Part {
    int block, from, to; // its first block, and where it begins in X and in Y
    int a, b, c, pitch;
    bool turned;
    bool vectors; // each row begins at a multiple of 4 elements of memory
};

__constant__ Part parts[PARTS] = {TABLE};

constexpr int CHUNK = 16 / sizeof(Narrow);

struct alignas(16) Chunk { Narrow at[CHUNK]; };

// part_of is the part that a block computes.
__device__ Part part_of(int block)
{
    int first = 0;
    for (int count = PARTS; count > 1;) { // the part is among count from the first on
        const int half = count / 2;
        if (parts[first + half].block <= block) {
            first += half;
            count -= half;
        } else {
            count = half;
        }
    }
    return parts[first];
}

// straight computes a chunk of a row.
__device__ void straight(const Part& part, unsigned i, const float* __restrict__ x, Narrow* __restrict__ y)
{
    const unsigned chunks = part.pitch / CHUNK, row = i / chunks, first = i % chunks * CHUNK;
    if (row >= unsigned(part.a * part.b))
        return;
    const float* from = x + size_t(row) * part.c + first;
    const unsigned length = part.c;
    alignas(16) float values[CHUNK];
    if (part.vectors) {
        for (int j = 0; j < CHUNK / 4; j++)
            reinterpret_cast<float4*>(values)[j] = first + 4 * j < length ? reinterpret_cast<const float4*>(from)[j] : float4{};
    } else {
        for (int j = 0; j < CHUNK; j++)
            values[j] = first + j < length ? from[j] : 0;
    }
    Chunk chunk;
    for (int j = 0; j < CHUNK; j++)
        chunk.at[j] = rounded(values[j]);
    *reinterpret_cast<Chunk*>(y + size_t(i) * CHUNK) = chunk;
}

// turned computes a tile by way of shared memory.
__device__ void turned(const Part& part, unsigned block, const float* __restrict__ x, Narrow* __restrict__ y)
{
    constexpr int ROWS = 8 * CHUNK, CHANNELS = 32;
    __shared__ float tile[ROWS][CHANNELS + 1]; // the odd pitch keeps the channels of a row and the rows of a channel off one bank
    const unsigned rows = part.b, channels = part.c, pitch = part.pitch, length = part.a * pitch, row_tiles = (length + ROWS - 1) / ROWS;
    const unsigned top = block % row_tiles * ROWS, side = block / row_tiles * CHANNELS;
    for (unsigned i = threadIdx.x; i < ROWS * CHANNELS; i += THREADS) {
        const unsigned row = top + i / CHANNELS, c = side + i % CHANNELS, a = row / pitch, b = row % pitch;
        tile[i / CHANNELS][i % CHANNELS] = row < length && b < rows && c < channels ? x[(size_t(a) * rows + b) * channels + c] : 0;
    }
    __syncthreads();
    const unsigned c = threadIdx.x / 8, first = threadIdx.x % 8 * CHUNK;
    if (side + c >= channels || top + first >= length)
        return;
    Chunk chunk;
    for (int j = 0; j < CHUNK; j++)
        chunk.at[j] = rounded(tile[first + j][c]);
    *reinterpret_cast<Chunk*>(y + size_t(side + c) * length + top + first) = chunk;
}

extern "C" __global__ void narrow(const float* __restrict__ x, Narrow* __restrict__ y)
{
    let_later_begin();
    const Part part = part_of(blockIdx.x);
    wait_for_earlier();
    const int block = blockIdx.x - part.block;
    if (part.turned)
        turned(part, block, x + part.from, y + part.to);
    else
        straight(part, unsigned(block) * THREADS + threadIdx.x, x + part.from, y + part.to);
}
