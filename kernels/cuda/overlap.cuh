// Kernels that begin before those before them have ended (programmatic dependent launch); see launch.go for when and how.

// wait_for_earlier returns when all launches that the kernel comes after have ended and what they wrote can be read.
__device__ inline void wait_for_earlier()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// let_later_begin lets the launches that come after the kernel begin, once each of its blocks has called it or has ended.
__device__ inline void let_later_begin()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
