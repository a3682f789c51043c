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

// store_at_once stores 4 values, of 4, 2 or 1 bytes, as one access whatever the compiler knows of each: it divides a plain store of some that are constants.
template <class T>
__device__ void store_at_once(T* to, const Vector<4, T>& values)
{
    if constexpr (sizeof(T) == 4) {
        const uint4 x = reinterpret_cast<const uint4&>(values);
        asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(x.x), "r"(x.y), "r"(x.z), "r"(x.w) : "memory");
    } else if constexpr (sizeof(T) == 2) {
        const uint2 x = reinterpret_cast<const uint2&>(values);
        asm volatile("st.global.v2.b32 [%0], {%1, %2};" ::"l"(to), "r"(x.x), "r"(x.y) : "memory");
    } else {
        asm volatile("st.global.b32 [%0], %1;" ::"l"(to), "r"(reinterpret_cast<const unsigned&>(values)) : "memory");
    }
}

template <int COUNT>
__device__ void add(Vector<COUNT>& to, const Vector<COUNT>& values)
{
    for (int i = 0; i < COUNT; i++)
        to.at[i] += values.at[i];
}
