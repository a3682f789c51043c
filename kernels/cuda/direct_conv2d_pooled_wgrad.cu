// Parts of DW[r,s,c,k] = Σ X[n, p·STRIDE_H + r − PAD_TOP, q·STRIDE_W + s − PAD_LEFT, c] · DY[n,p',q',k] and, if it is asked for, DB[k] = Σ DY[n,p',q',k], for images of
// few channels and the maxima of windows of 2x2, directly: (p,q) is the place of the window (p',q') that places names; 255 means that the maximum hands nothing on.
// Blocks: block x sums items ITEMS · x / BLOCKS and on, each of BAND rows of DY of an image; block y the filters from 32y on, one a lane. A warp has ROWS rows
// of the filters, and of the windows every (WARPS / (R / ROWS))-th.
// Macros: C, K, H, W, R, S, Q, STRIDE_H, STRIDE_W, PAD_TOP, PAD_LEFT, IMAGE_ROWS, PITCH, BAND, ITEMS, BLOCKS, ROWS, WARPS, POOL_P, POOL_Q (of DY).
// Sums: windows of a warp in order, then the warps of a sum in order.
#include "direct_conv2d.cuh"
#include "direct_conv2d_parts.cuh"

constexpr int TAPS = R * S * C, HELD = ROWS * S * C, ROLES = R / ROWS, SPLIT = WARPS / ROLES;

extern "C" __global__ void __launch_bounds__(32 * WARPS)
direct_conv2d_pooled_wgrad(const float* __restrict__ x, const float* __restrict__ dy, const unsigned char* __restrict__ places,
                           const int* __restrict__ step, int* __restrict__ halt, float* __restrict__ parts, float* __restrict__ bias_parts)
{
    float *image = shared, *sums = shared + IMAGE_ROWS * PITCH * C; // [SPLIT][TAPS + 1][32]
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first_row = warp % ROLES * ROWS, turn = warp / ROLES, k = blockIdx.y * 32 + lane;
    float held[HELD] = {}, bias = 0;
    const int first = (long long)ITEMS * blockIdx.x / BLOCKS, last = (long long)ITEMS * (blockIdx.x + 1) / BLOCKS;
    for (int item = first; item < last; item++) {
        constexpr int BANDS = (POOL_P + BAND - 1) / BAND;
        const int n = item / BANDS, top = item % BANDS * BAND, windows = min(BAND, POOL_P - top) * POOL_Q;
        const size_t at = ((size_t)n * POOL_P + top) * POOL_Q * K + k; // of the first window
        load_image(image, x, n, 2 * top * STRIDE_H - PAD_TOP);
        __syncthreads();
#pragma unroll 4
        for (unsigned window = turn; window < windows; window += SPLIT) {
            const int place = k < K ? places[at + window * K] : 255;
            const float given = k < K ? dy[at + window * K] : 0; // whatever the place is, so that it need not wait for it
            const float g = place == 255 ? 0 : given;
            const int p = window / POOL_Q * 2 + place / 2 % 2, q = window % POOL_Q * 2 + place % 2;
            const float* seen = image + (p * STRIDE_H + first_row) * PITCH + q * STRIDE_W;
            bias += g;
#pragma unroll
            for (int i = 0; i < HELD; i++) {
                const int r = i / (S * C), s = i / C % S, c = i % C;
                held[i] = fmaf(seen[c * PLANE + r * PITCH + s], g, held[i]);
            }
        }
        __syncthreads();
    }
    float* mine = sums + turn * (TAPS + 1) * 32 + lane;
#pragma unroll
    for (int i = 0; i < HELD; i++)
        mine[(first_row * S * C + i) * 32] = held[i];
    if (first_row == 0)
        mine[TAPS * 32] = bias;
    __syncthreads();
    for (unsigned i = threadIdx.x; i < (TAPS + 1) * 32; i += blockDim.x) {
        float sum = sums[i];
#pragma unroll
        for (int t = 1; t < SPLIT; t++)
            sum += sums[t * (TAPS + 1) * 32 + i];
        if (blockIdx.y * 32 + i % 32 < K)
            store_part(sum, i / 32, blockIdx.y * 32 + i % 32, step, halt, parts, bias_parts);
    }
}
