// The gradient by the output of a batch normalisation: DY or, if an activation follows it, DY · f′(V) with DY = A or A + B.
// Blocks: as in columns.cuh.
// Macros: those of batch_norm.cuh and activation.cuh.
// Sums: none but A + B.
#include "activation.cuh"
#include "batch_norm.cuh"

// Loaded is what a thread needs of a row.
struct Loaded { Values x, v, a, b; };

// Gradient has the operands; v is null if it is to be computed from x once more, and b if there is none.
struct Gradient {
    const float *x, *v, *a, *b;
    Norm norm;

    __device__ Loaded load_row(unsigned row) const
    {
        const unsigned at = row * C + first_column();
        Loaded loaded = {load<WIDTH>(x + at), {}, load<WIDTH>(a + at), {}};
        if (v)
            loaded.v = load<WIDTH>(v + at);
        if (b)
            loaded.b = load<WIDTH>(b + at);
        return loaded;
    }

    __device__ Values of(const Loaded& loaded) const
    {
        Values gradients;
#pragma unroll
        for (int i = 0; i < WIDTH; i++) {
            const float output = normalised(norm, loaded.x.at[i], i);
            const float from = v ? loaded.v.at[i] : is_from(true, false) ? output : value(output);
            gradients.at[i] = (b ? loaded.a.at[i] + loaded.b.at[i] : loaded.a.at[i]) * derivative(from);
        }
        return gradients;
    }
};
