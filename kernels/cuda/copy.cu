// A box of Y is a box of X, whose axes may be permuted; the rest of Y becomes 0, unless only the box is walked over.
// Blocks: thread i of the grid computes elements WIDTH · i to WIDTH · i + WIDTH − 1 of what is walked over, Y or the box.
// Macros: ELEMENTS and WALK1, WALK2, WALK3 (the extents of what is walked over), FIRST0, FIRST1, FIRST2, FIRST3 (where it begins, counted from
// the box), BOX0, BOX1, BOX2, BOX3 (the box's extents), X_START, X_STRIDE0, X_STRIDE1, X_STRIDE2, X_STRIDE3, Y_START, Y_STRIDE0, Y_STRIDE1,
// Y_STRIDE2, Y_STRIDE3 (where the box begins in X and Y, and the steps along its axes), WIDTH (of vectors along the last axis, which lie in X, in Y and
// in the box or not as a whole).
// Sums: none.
#include "vector.cuh"

extern "C" __global__ void copy(const float* __restrict__ x, float* __restrict__ y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS / WIDTH)
        return;
    constexpr int VECTORS = WALK3 / WIDTH;
    const int i3 = i % VECTORS * WIDTH + FIRST3, i2 = i / VECTORS % WALK2 + FIRST2, i1 = i / (VECTORS * WALK2) % WALK1 + FIRST1,
              i0 = i / (VECTORS * WALK2 * WALK1) + FIRST0;
    const bool inside = i0 >= 0 && i0 < BOX0 && i1 >= 0 && i1 < BOX1 && i2 >= 0 && i2 < BOX2 && i3 >= 0 && i3 < BOX3;
    Vector<WIDTH> values = {};
    if (inside)
        values = load<WIDTH>(x + X_START + i0 * X_STRIDE0 + i1 * X_STRIDE1 + i2 * X_STRIDE2 + i3 * X_STRIDE3);
    store(y + Y_START + i0 * Y_STRIDE0 + i1 * Y_STRIDE1 + i2 * Y_STRIDE2 + i3 * Y_STRIDE3, values);
}
