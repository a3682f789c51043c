// A batch of examples out of a set of bytes: X [N P C] = table[c][pixels[i]], Y [N] = labels[i], i = order[(at[0] - 1) N + n]; zeros and the
// label -1 where i is negative or at[0] beyond at[1].
// Blocks: thread t of the grid computes VALUES neighbouring elements of X, from element t VALUES on; the first thread of a row its label too.
// Macros: THREADS (of the grid), N, IMAGE (the elements of a row), C, VALUES (4, or 1 where rows are no multiples of 4).
// Sums: none.
#if VALUES == 4
typedef uchar4 Bytes;
#else
typedef unsigned char Bytes;
#endif

extern "C" __global__ void gather_batch(const unsigned char* __restrict__ pixels, const int* __restrict__ labels, const int* __restrict__ order,
                                  const int* __restrict__ at, const float* __restrict__ table, float* __restrict__ x, int* __restrict__ y)
{
    const int t = blockIdx.x * blockDim.x + threadIdx.x;
    if (t >= THREADS)
        return;
    const int n = t / (IMAGE / VALUES), place = t % (IMAGE / VALUES) * VALUES;
    const int batch = at[0], i = batch <= at[1] ? order[(size_t)(batch - 1) * N + n] : -1;
    union {
        Bytes all;
        unsigned char each[VALUES];
    } bytes;
    float values[VALUES] = {};
    if (i >= 0) {
        bytes.all = *(const Bytes*)(pixels + (size_t)i * IMAGE + place);
        for (int v = 0; v < VALUES; v++)
            values[v] = table[(place + v) % C * 256 + bytes.each[v]];
    }
#if VALUES == 4
    *(float4*)(x + (size_t)t * VALUES) = make_float4(values[0], values[1], values[2], values[3]);
#else
    x[t] = values[0];
#endif
    if (place == 0)
        y[n] = i >= 0 ? labels[i] : -1;
}
