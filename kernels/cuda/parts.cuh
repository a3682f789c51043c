// Gradients whose sums are split lie as parts, one for each slice of what is summed up. A segment is a gradient among all gradients, and a block
// works on one of them.
// Macros: SEGMENTS, THREADS (of a block), WIDTH (elements that a thread computes, neighbours).
struct Segment {
    int first_block;          // of those that work on it
    int begin, extent, count; // its place among all gradients, elements up to the next one's, and those of them that have parts
    int slices, where, pitch; // how many parts, where the first lies, and how far it is from one to the next
    int vectors_log2;         // of a block, whose threads share their sums
};

__constant__ const Segment segments[] = {SEGMENTS};
constexpr int SEGMENT_COUNT = sizeof segments / sizeof *segments, EACH = 8; // parts that a thread sums at most

struct alignas(4 * WIDTH) Vector {
    float at[WIDTH];

    static __device__ const Vector& in(const float* x) { return *(const Vector*)x; }
    static __device__ Vector& in(float* x) { return *(Vector*)x; }
};

// Elements are what a thread works on: the first sharer computes those from `first` on, of which some have parts, and each loads EACH of the parts.
struct Elements {
    int first, with_parts;
    bool are_computed;
    int vectors; // of the block
    Vector parts[EACH];
};

// load_elements loads elements' parts, in order.
__device__ inline Elements load_elements(const float* __restrict__ parts)
{
    int segment = 0, behind = SEGMENT_COUNT;
    while (behind - segment > 1) {
        const int middle = (segment + behind) / 2;
        (segments[middle].first_block <= blockIdx.x ? segment : behind) = middle;
    }
    const Segment& s = segments[segment];
    const int vectors = 1 << s.vectors_log2, slice = (threadIdx.x >> s.vectors_log2) * EACH;
    const int i = (((blockIdx.x - s.first_block) << s.vectors_log2) + (threadIdx.x & vectors - 1)) * WIDTH;
    Elements e{s.begin + i, min(s.count - i, WIDTH), slice == 0 && i < s.extent, vectors};
    const float* part = parts + s.where + (size_t)slice * s.pitch + i;
    const int there = e.with_parts > 0 ? s.slices - slice : 0;
#pragma unroll
    for (int j = 0; j < EACH; j++)
        e.parts[j] = j < there ? Vector::in(part + (size_t)j * s.pitch) : Vector{};
    return e;
}

// sum_of adds up elements' parts: each sharer its own in order, and the first those of all in order. All threads of a block take part.
__device__ inline Vector sum_of(const Elements& e)
{
    __shared__ Vector shares[THREADS];
    Vector sum{};
#pragma unroll
    for (int j = 0; j < EACH; j++)
#pragma unroll
        for (int w = 0; w < WIDTH; w++)
            sum.at[w] += e.parts[j].at[w];
    if (e.vectors == THREADS)
        return sum;
    shares[threadIdx.x] = sum;
    __syncthreads();
    if (e.are_computed)
        for (unsigned share = e.vectors; share < THREADS; share += e.vectors)
#pragma unroll
            for (int w = 0; w < WIDTH; w++)
                sum.at[w] += shares[share + threadIdx.x].at[w];
    return sum;
}
