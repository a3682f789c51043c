// Copies of weights that are rounded for tensor cores, as narrow.cu makes them, follow the weights: whoever changes one stores it there, too.
// Macros: COPIES (of each copy a Copy), BF16.
#include "narrow.cuh"

struct Copy {
    int from, to; // where it begins among the weights and among the copies
    int a, b, c, pitch;
    bool turned;
};

__constant__ const Copy copies[] = {COPIES};

// store_copies stores weight i in all copies of it.
__device__ inline void store_copies(Narrow* __restrict__ to, int i, float weight)
{
    for (const Copy& copy : copies) {
        const unsigned at = i - copy.from, row = at / copy.c, c = at % copy.c;
        if (at >= unsigned(copy.a * copy.b * copy.c))
            continue;
        const unsigned turned = (c * copy.a + row / copy.b) * copy.pitch + row % copy.b, straight = row * copy.pitch + c;
        to[copy.to + (copy.turned ? turned : straight)] = rounded(weight);
    }
}
