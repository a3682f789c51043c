// What products on tensor cores are made of: asynchronous copies of 16 bytes to shared memory, fragments of matrices from there, and the
// multiply-add of fragments (PTX ISA, cp.async, ldmatrix and mma), all of compute capability 8.0.
#include "narrow.cuh"

constexpr int CHUNK = 16 / sizeof(Narrow); // elements that one copy moves

// Addresses in shared memory are 32 bits wide.
__device__ inline unsigned shared_address(const void* p) { return __cvta_generic_to_shared(p); }

// copy_chunk begins to copy 16 bytes, or to write zeros where nothing is there.
__device__ inline void copy_chunk(unsigned to, const void* from, bool is_there)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(is_there ? 16 : 0) : "memory");
}

// copy_chunk_if does so on a condition, without a branch, around which the compiler would move nothing.
__device__ inline void copy_chunk_if(bool condition, unsigned to, const void* from, bool is_there)
{
    asm volatile("{ .reg .pred p; setp.ne.b32 p, %3, 0; @p cp.async.cg.shared.global [%0], [%1], 16, %2; }" ::"r"(to), "l"(from), "r"(is_there ? 16 : 0),
                 "r"((int)condition)
                 : "memory");
}

// commit_copies makes a group of the copies begun since the last one, and await_copies waits for all groups but the latest few.
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int latest> __device__ inline void await_copies() { asm volatile("cp.async.wait_group %0;" ::"n"(latest) : "memory"); }

// load_fragments loads four matrices of 8 rows of 16 bytes: lane 8i + j of a warp says where row j of matrix i is, and gets 4 bytes of each.
__device__ inline void load_fragments(unsigned (&matrices)[4], unsigned from)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
                 : "r"(from)
                 : "memory");
}

// load_fragments_transposed does so of matrices of 2-byte elements, and gives each as if its rows were columns.
__device__ inline void load_fragments_transposed(unsigned (&matrices)[4], unsigned from)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
                 : "r"(from)
                 : "memory");
}

// load_word, load_pair and load_quad load 4 bytes, and 8 and 16 that lie together.
__device__ inline void load_word(unsigned& word, unsigned from) { asm volatile("ld.shared.b32 %0, [%1];" : "=r"(word) : "r"(from) : "memory"); }

__device__ inline void load_pair(unsigned& first, unsigned& second, unsigned from)
{
    asm volatile("ld.shared.v2.b32 {%0, %1}, [%2];" : "=r"(first), "=r"(second) : "r"(from) : "memory");
}

__device__ inline void load_quad(unsigned (&words)[4], unsigned from)
{
    asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];" : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3]) : "r"(from) : "memory");
}

// load_constant loads 16 bytes that no thread of the launch writes.
__device__ inline uint4 load_constant(const void* from)
{
    uint4 chunk;
    asm volatile("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(chunk.x), "=r"(chunk.y), "=r"(chunk.z), "=r"(chunk.w) : "l"(from));
    return chunk;
}

// store_pair stores two neighbours at once.
__device__ inline void store_pair(float* to, float first, float second)
{
    asm volatile("st.global.v2.f32 [%0], {%1, %2};" ::"l"(to), "f"(first), "f"(second) : "memory");
}

// multiply_add adds to 16 × 8 sums the products of 16 rows and 8 columns of 32 bytes: 8 terms in TF32, 16 in BF16.
__device__ inline void multiply_add(float (&sums)[4], const unsigned (&rows)[4], unsigned column0, unsigned column1)
{
#if BF16
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
#else
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
#endif
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
        : "r"(rows[0]), "r"(rows[1]), "r"(rows[2]), "r"(rows[3]), "r"(column0), "r"(column1));
}
