// Calls that the compiler does not inline, calls by address, and memory of the device's heap.

__device__ __noinline__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

extern "C" __global__ void recursion(const int* n, int* out) { out[threadIdx.x] = fibonacci(n[threadIdx.x]); }

__device__ int odd(int n);
__device__ __noinline__ int even(int n) { return n == 0 ? 1 : odd(n - 1); }
__device__ __noinline__ int odd(int n) { return n == 0 ? 0 : even(n - 1); }

extern "C" __global__ void mutual(const int* n, int* out)
{
    int i = threadIdx.x, e = even(n[i]);
    __syncthreads();
    out[i] = 2 * e + odd(n[i]);
}

// Each call has an array of its own.
__device__ __noinline__ int down(int n)
{
    int digits[16];
    for (int i = 0; i < 16; i++)
        digits[i] = n * i;
    if (n == 0)
        return 0;
    int below = down(n - 1);
    return below + digits[n & 15];
}

extern "C" __global__ void arrays(const int* n, int* out) { out[threadIdx.x] = down(n[threadIdx.x]); }

typedef float (*operation)(float, float);
__device__ float add(float a, float b) { return a + b; }
__device__ float multiply(float a, float b) { return a * b; }
__device__ __noinline__ float power(float a, float b)
{
    float r = 1;
    for (int i = 0; i < (int)b; i++)
        r *= a;
    return r;
}
__device__ operation table[3] = {add, multiply, power};

extern "C" __global__ void dispatch(const int* which, const float* x, const float* y, float* out)
{
    int i = threadIdx.x;
    out[i] = table[which[i]](x[i], y[i]);
}

struct Shape {
    __device__ virtual float area(float side) const = 0;
};
struct Square : Shape {
    __device__ float area(float side) const override { return side * side; }
};
struct Triangle : Shape {
    float factor;
    __device__ Triangle(float f) : factor(f) {}
    __device__ float area(float side) const override { return factor * side * side; }
};

extern "C" __global__ void virtuals(const int* which, const float* x, float* out)
{
    int i = threadIdx.x;
    Square square;
    Triangle triangle(0.5f);
    const Shape* shape = which[i] ? (const Shape*)&triangle : &square;
    out[i] = shape->area(x[i]);
}

struct Node {
    Node* next;
    int value;
};

extern "C" __global__ void lists(int n, int leak, int* out)
{
    Node* head = nullptr;
    for (int i = 0; i < n; i++) {
        Node* node = new Node;
        node->next = head;
        node->value = i * (threadIdx.x + 1);
        head = node;
    }
    int sum = 0;
    while (head && !(leak && head->value == 0)) {
        Node* node = head;
        sum += node->value;
        head = node->next;
        delete node;
    }
    out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

// What is wrong: a pointer to a local array that is gone (0), memory freed twice (1), used after it was freed (2), read before it was written (3),
// out of bounds (4), freed that is not of malloc (5), a recursion without an end (6), a pointer that is no function (7),
// a pointer to a local array of a recursion (8).
__device__ __noinline__ int* local_array(int n)
{
    int a[8];
    for (int i = 0; i < 8; i++)
        a[i] = n + i;
    int* p = a;
    asm volatile("" : "+l"(p)::"memory");
    return p;
}

__device__ __noinline__ int endless(int n)
{
    int a[4];
    a[n & 3] = n;
    return endless(n + 1) + a[n & 3];
}

__device__ __noinline__ int* array_below(int n)
{
    int a[8];
    for (int i = 0; i < 8; i++)
        a[i] = n + i;
    int* p = a;
    asm volatile("" : "+l"(p)::"memory");
    return n > 0 ? array_below(n - 1) : p;
}

extern "C" __global__ void wrong(int which, int* out)
{
    int* p = which == 0 ? local_array(3) : (int*)malloc(8 * sizeof(int));
    if (which == 0)
        out[0] = p[2];
    if (which == 1)
        free(p), free(p);
    if (which == 2) {
        p[1] = 4;
        free(p);
        out[0] = p[1];
    }
    if (which == 3)
        out[0] = p[1] + 1;
    if (which == 4)
        p[8] = 1;
    if (which == 5)
        free(out);
    if (which == 6)
        out[0] = endless(which);
    if (which == 7) {
        operation f = (operation)(out + 1);
        out[0] = (int)f(1, 2);
    }
    if (which == 8)
        out[0] = array_below(which)[2];
    if (which >= 9) { // nothing is wrong: the heap has 8 MB
        int null = 0;
        for (int i = 0; i < 20; i++) {
            void* q = malloc(1 << 20);
            asm volatile("" : "+l"(q)::"memory");
            null += q == nullptr;
            if (which == 10)
                free(q);
        }
        out[0] = null;
    }
}
