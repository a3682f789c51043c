// A vector is COUNT neighbouring values, 1, 2 or 4, which a thread loads or stores at once. Where it lies is a multiple of its size.
// Blocks: any.
// Macros: none.
// Sums: none.
template <int COUNT, class T = float>
struct alignas(sizeof(T) * COUNT) Vector { T at[COUNT]; };

template <int COUNT, class T>
__device__ Vector<COUNT, T> load(const T* from) { return *reinterpret_cast<const Vector<COUNT, T>*>(from); }

template <int COUNT, class T>
__device__ void store(T* to, Vector<COUNT, T> values) { *reinterpret_cast<Vector<COUNT, T>*>(to) = values; }

template <int COUNT>
__device__ void add(Vector<COUNT>& to, const Vector<COUNT>& values)
{
    for (int i = 0; i < COUNT; i++)
        to.at[i] += values.at[i];
}
