// A vector is COUNT neighbouring values, 1, 2 or 4, which a thread loads or stores at once. Where it lies is a multiple of its size.
// Blocks: any.
// Macros: none.
// Sums: none.
template <int COUNT>
struct alignas(4 * COUNT) Vector { float at[COUNT]; };

template <int COUNT>
__device__ Vector<COUNT> load(const float* from) { return *reinterpret_cast<const Vector<COUNT>*>(from); }

template <int COUNT>
__device__ void store(float* to, Vector<COUNT> values) { *reinterpret_cast<Vector<COUNT>*>(to) = values; }

template <int COUNT>
__device__ void add(Vector<COUNT>& to, const Vector<COUNT>& values)
{
    for (int i = 0; i < COUNT; i++)
        to.at[i] += values.at[i];
}
