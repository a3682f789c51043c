// Kernels that do one thing each, so that the time of a loop is the time of that thing. Times are taken from outside, as the
// difference between long loops and short ones.

// A node of a graph: as little work as depends on the node before.
extern "C" __global__ void node(unsigned *x) { x[threadIdx.x]++; }

#if __CUDA_ARCH__ >= 900
// The same with programmatic launch: its successor may be started at once, and it waits for its predecessor's results.
extern "C" __global__ void programmatic_node(unsigned *x) {
    asm volatile("griddepcontrol.launch_dependents;");
    asm volatile("griddepcontrol.wait;" ::: "memory");
    x[threadIdx.x]++;
}
#endif

// Busy for long enough to see the clock: cycles and nanoseconds of the first thread.
extern "C" __global__ void spin(int n, unsigned long long *out) {
    unsigned long long cycles, begun, end;
    float x = threadIdx.x;
    cycles = clock64();
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(begun)::"memory");
    for (int i = 0; i < n; i++) asm volatile("fma.rn.f32 %0, %0, %0, %0;" : "+f"(x));
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(end)::"memory");
    cycles = clock64() - cycles;
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        out[0] = cycles;
        out[1] = end - begun;
    }
    if (x == 1.5f) out[2] = 1;
}

// Vectors of 16 bytes, past the L1.
__device__ uint4 load(const uint4 *p) {
    uint4 v;
    asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(p));
    return v;
}

extern "C" __global__ void read(const uint4 *x, unsigned n, int passes, unsigned *out) {
    const unsigned stride = gridDim.x * blockDim.x, first = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned sum = 0;
    for (int pass = 0; pass < passes; pass++) {
        unsigned i = first;
        for (; i + 3 * stride < n; i += 4 * stride) {
            uint4 v[4];
            for (int j = 0; j < 4; j++) v[j] = load(x + i + j * stride);
            for (int j = 0; j < 4; j++) sum |= v[j].x | v[j].y | v[j].z | v[j].w;
        }
        for (; i < n; i += stride) sum |= load(x + i).x;
    }
    if (sum == 42) *out = sum; // never: the memory is zero
}

extern "C" __global__ void write(uint4 *x, unsigned n) {
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) x[i] = make_uint4(0, 0, 0, 0);
}

// mma.sync: CHAINS independent sums, each of which waits for itself.
struct TF32 {
    static __device__ void mma(float (&c)[4], unsigned a, unsigned b) {
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %4, %4, %4}, {%5, %5}, {%0, %1, %2, %3};"
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a), "r"(b));
    }
};

struct BF16 {
    static __device__ void mma(float (&c)[4], unsigned a, unsigned b) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %4, %4, %4}, {%5, %5}, {%0, %1, %2, %3};"
                     : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a), "r"(b));
    }
};

template <class Kind, int CHAINS>
__device__ void products(int n, float *out) {
    float c[CHAINS][4] = {};
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < CHAINS; j++) Kind::mma(c[j], 0, 0);
    }
    float sum = 0;
    for (int j = 0; j < CHAINS; j++) sum += c[j][0] + c[j][1] + c[j][2] + c[j][3];
    if (sum == 42) *out = sum;
}

#if __CUDA_ARCH__ >= 800
extern "C" __global__ void tf32_rate(int n, float *out) { products<TF32, 8>(n, out); }
extern "C" __global__ void tf32_latency(int n, float *out) { products<TF32, 1>(n, out); }
extern "C" __global__ void bf16_rate(int n, float *out) { products<BF16, 8>(n, out); }
extern "C" __global__ void bf16_latency(int n, float *out) { products<BF16, 1>(n, out); }
#endif

// Shared memory: 16 bytes for each thread, at addresses without bank conflicts. For the latency each address comes out of the load before.
struct Matrices {
    static __device__ void load(unsigned (&r)[4], unsigned at) {
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
    }
};

struct Vectors {
    static __device__ void load(unsigned (&r)[4], unsigned at) {
        asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at));
    }
};

template <class Kind>
__device__ void loads(int n, int chained, unsigned *out) {
    __shared__ alignas(16) unsigned tile[32 * 4];
    for (int i = threadIdx.x; i < 128; i += blockDim.x) tile[i] = 0;
    __syncthreads();
    unsigned at = (unsigned)__cvta_generic_to_shared(tile + threadIdx.x % 32 * 4), sum = 0;
    for (int i = 0; i < n; i++) {
        unsigned r[4];
        Kind::load(r, at);
        sum |= r[0] | r[1] | r[2] | r[3];
        if (chained) at += r[0];
    }
    if (sum == 42) *out = sum;
}

#if __CUDA_ARCH__ >= 750
extern "C" __global__ void ldmatrix(int n, int chained, unsigned *out) { loads<Matrices>(n, chained, out); }
#endif
extern "C" __global__ void shared_load(int n, int chained, unsigned *out) { loads<Vectors>(n, chained, out); }
