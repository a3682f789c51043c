// Y = f(X) and DX = DY · f′(X), from Y alone, element by element.
enum Function { LINEAR, RELU, SIGMOID, TANH };

__device__ float activate(float x)
{
    switch (FUNCTION) {
    case RELU: return x < 0 ? 0 : x; // NaN stays
    case SIGMOID: return 1 / (1 + expf(-x));
    case TANH: return tanhf(x);
    default: return x;
    }
}

__device__ float derivative(float y)
{
    switch (FUNCTION) {
    case RELU: return y > 0 ? 1 : 0;
    case SIGMOID: return y * (1 - y);
    case TANH: return 1 - y * y;
    default: return 1;
    }
}

// No __restrict__: the operands may be the same buffer.
extern "C" __global__ void activation_fprop(const float* x, float* y)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        y[i] = activate(x[i]);
}

extern "C" __global__ void activation_dgrad(const float* y, const float* dy, float* dx)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < ELEMENTS)
        dx[i] = dy[i] * derivative(y[i]);
}
