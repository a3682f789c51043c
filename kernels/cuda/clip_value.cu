// Brings every value into the range from -MOST to MOST.
// Blocks: thread i of the grid clips value i.
// Macros: ELEMENTS, MOST.
// Sums: none.
extern "C" __global__ void clip_value(float* __restrict__ x)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= ELEMENTS)
        return;
    if (x[i] > MOST)
        x[i] = MOST;
    else if (x[i] < -MOST)
        x[i] = -MOST;
}
