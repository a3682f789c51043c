// Gradients whose sums are split lie as parts, one for each slice: a segment is one of them.
// Macros: SEGMENTS, SEGMENT_COUNT.
struct Segment {
    int first_block;  // of those that work on it
    int begin, count; // elements, among all gradients
    int slices, where, pitch; // how many parts, where the first lies, and how far it is from one to the next
};

__constant__ const Segment segments[] = {SEGMENTS};

// segment_of is the last one that begins at a block or before it.
__device__ inline Segment segment_of(int block)
{
    int first = 0, behind = SEGMENT_COUNT;
    while (behind - first > 1) {
        const int middle = (first + behind) / 2;
        (segments[middle].first_block <= block ? first : behind) = middle;
    }
    return segments[first];
}

// sum_of_parts adds up the parts of an element in order.
__device__ inline float sum_of_parts(const Segment& segment, const float* __restrict__ parts, int i)
{
    const float* part = parts + segment.where + i;
    float sum = 0;
#pragma unroll 8
    for (int slice = 0; slice < segment.slices; slice++)
        sum += part[(size_t)slice * segment.pitch];
    return sum;
}
