// Counts a training step.
extern "C" __global__ void tick(int* step) { ++*step; }
