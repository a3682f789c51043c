// One step of Jacobi's iteration: every inner point becomes the mean of its two neighbours.
__constant__ float weights[2];

__global__ void step(const float* from, float* to, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) to[i] = i == 0 || i == n - 1 ? from[i] : weights[0] * from[i - 1] + weights[1] * from[i + 1];
}
