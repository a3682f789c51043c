// Which rows of a batch are examples: those whose label is one of K classes.
// Blocks: one warp along x. warp.cuh comes before it.
// Macros: N, K (rows and classes).
// Sums: none but of integers.
__device__ bool is_label(int label) { return label >= 0 && label < K; }

// count_examples is the number of the N rows that are an example, but at least 1, since it divides; with one warp.
__device__ int count_examples(const int* labels)
{
    int examples = 0;
    for (size_t i = threadIdx.x; i < N; i += 32)
        examples += is_label(labels[i]);
    return max(warp_sum(examples), 1);
}
