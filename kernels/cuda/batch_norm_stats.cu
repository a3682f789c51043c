// Mean[c] = 1/M · Σ X[n,p,c] and Variance[c] = 1/M · Σ (X[n,p,c] − Mean[c])² over the M places of examples. X is read once: squares are of
// differences from the mean of some values, and are joined with those of others by how far their means are apart (Chan, Golub and LeVeque,
// "Updating formulae and a pairwise algorithm for computing sample variances", 1979, formula 2.1).
// Blocks: as in columns.cuh.
// Macros: those of batch_norm.cuh.
// Sums: as in columns.cuh, each thread first the rows of a batch.
#include "batch_norm.cuh"

// Moments are of some values of each column: how many, their mean, which is high + low so that means that differ little can be told apart, and the
// sum of their squared differences from it.
template <int COLUMNS>
struct Moments {
    float count;
    Vector<COLUMNS> high, low, squares;
};

template <int COLUMNS>
__device__ void join(Moments<COLUMNS>& a, const Moments<COLUMNS>& b)
{
    if (b.count == 0)
        return;
    if (a.count == 0)
        a.high = b.high;
    const float all = a.count + b.count, part = b.count / all, weight = a.count * part;
    for (int i = 0; i < COLUMNS; i++) {
        const float apart = b.high.at[i] - a.high.at[i] + (b.low.at[i] - a.low.at[i]);
        a.squares.at[i] += a.count == 0 ? b.squares.at[i] : b.squares.at[i] + apart * apart * weight;
        const float low = a.low.at[i] + apart * part, high = a.high.at[i] + low;
        a.low.at[i] = low - (high - a.high.at[i]);
        a.high.at[i] = high;
    }
    a.count = all;
}

// join_batch joins those of the rows that count, the first of which is the given one. They are told as differences from the mean so far.
__device__ void join_batch(Moments<WIDTH>& moments, const int* labels, unsigned row, unsigned end, const Values (&rows)[BATCH])
{
    Moments<WIDTH> batch = {0, moments.high, {}, {}};
    bool counts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        counts[i] = row + i * THREADS_Y < end && is_counted(labels, row + i * THREADS_Y);
        if (counts[i] && moments.count == 0 && batch.count == 0)
            batch.high = rows[i];
        batch.count += counts[i];
    }
    const float part = 1 / max(batch.count, 1.0f);
    for (int c = 0; c < WIDTH; c++) {
        float apart[BATCH], sum = 0;
        for (int i = 0; i < BATCH; i++) {
            apart[i] = counts[i] ? rows[i].at[c] - batch.high.at[c] : 0.0f;
            sum += apart[i];
        }
        batch.low.at[c] = sum * part;
        for (int i = 0; i < BATCH; i++) {
            const float difference = counts[i] ? apart[i] - batch.low.at[c] : 0.0f;
            batch.squares.at[c] += difference * difference;
        }
    }
    join(moments, batch);
}

// The parts of the counts, means and squares lie behind each other.
constexpr size_t BEHIND = size_t(SLICES) * C;

extern "C" __global__ void batch_norm_moments(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ mean,
                                              float* __restrict__ variance, float* __restrict__ parts)
{
    const unsigned c = first_column();
    Moments<WIDTH> moments = {};
    each_batch([&](unsigned row) { return load<WIDTH>(x + row * C + c); },
               [&](unsigned row, unsigned end, const Values(&rows)[BATCH]) { join_batch(moments, labels, row, end, rows); });
    moments = reduce_block(moments, join<WIDTH>);
    if (threadIdx.y > 0 || c >= C)
        return;
    float* to = parts + size_t(blockIdx.x / COLUMN_BLOCKS) * C + c;
    Values counts;
    for (int i = 0; i < WIDTH; i++)
        counts.at[i] = moments.count;
    store(to, counts);
    store(to + BEHIND, moments.high);
    store(to + 2 * BEHIND, moments.low);
    store(to + 3 * BEHIND, moments.squares);
}

extern "C" __global__ void batch_norm_stats(const float* __restrict__ x, const int* __restrict__ labels, float* __restrict__ mean,
                                            float* __restrict__ variance, const float* __restrict__ parts)
{
    auto part = [&](size_t at) { return Moments<1>{parts[at], {parts[at + BEHIND]}, {parts[at + 2 * BEHIND]}, {parts[at + 3 * BEHIND]}}; };
    const Moments<1> moments = combine_slices(Moments<1>{}, part, join<1>);
    const unsigned c = blockIdx.x * COMBINE_X + threadIdx.x;
    if (threadIdx.y > 0 || c >= C)
        return;
    mean[c] = moments.high.at[0] + moments.low.at[0];
    variance[c] = moments.squares.at[0] / max(moments.count, 1.0f);
}
