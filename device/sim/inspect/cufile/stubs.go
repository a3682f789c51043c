package cufile

import (
	"embed"
	"slices"
	"strings"
)

//go:embed stubs/*.h
var stubFiles embed.FS

// prelude is the header that every file sees.
const prelude = "cnn-gpu/prelude.h"

// hostHeaders stand for host code alone, or for names that the prelude has: they are empty. One that ends in a slash is a folder.
var hostHeaders = strings.Fields(`
assert.h complex.h ctype.h errno.h float.h inttypes.h iso646.h limits.h locale.h malloc.h math.h memory.h pthread.h signal.h stdarg.h stdbool.h
stddef.h stdint.h stdio.h stdlib.h string.h strings.h time.h unistd.h getopt.h dlfcn.h fcntl.h dirent.h omp.h mpi.h sched.h semaphore.h windows.h
sys/ x86intrin.h immintrin.h xmmintrin.h emmintrin.h
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale cmath compare complex
concepts condition_variable coroutine cstdarg cstddef cstdint cstdio cstdlib cstring ctime cwchar deque exception execution expected filesystem
format forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator limits list locale map memory
memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator set shared_mutex source_location span
sstream stack stdexcept streambuf string string_view system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility
valarray variant vector version

builtin_types.h channel_descriptor.h common_functions.h cuda.h cuda_runtime.h cuda_runtime_api.h cuda_texture_types.h cuda_surface_types.h
cuda_profiler_api.h cudaProfiler.h cudaTypedefs.h cuda_gl_interop.h cudaGL.h cuda_occupancy.h cuda_device_runtime_api.h device_atomic_functions.h
device_functions.h device_launch_parameters.h device_types.h driver_functions.h driver_types.h host_config.h host_defines.h library_types.h
math_functions.h sm_20_atomic_functions.h sm_20_intrinsics.h sm_30_intrinsics.h sm_32_intrinsics.h sm_35_intrinsics.h sm_60_atomic_functions.h
surface_functions.h surface_indirect_functions.h surface_types.h texture_fetch_functions.h texture_indirect_functions.h texture_types.h
vector_functions.h vector_types.h crt/device_functions.h crt/host_config.h crt/host_defines.h crt/math_functions.h
nvrtc.h nvToolsExt.h nvToolsExtCuda.h nvtx3/ nvml.h nccl.h cublas.h cublas_api.h cublas_v2.h cublasLt.h cublasXt.h cudnn.h cufft.h cufftXt.h cufftw.h
cusolverDn.h cusolverSp.h cusolver_common.h cusparse.h cusparse_v2.h npp.h nppi.h nvjpeg.h
helper_cuda.h helper_functions.h helper_image.h helper_string.h helper_timer.h helper_gl.h helper_cuda_gl.h helper_cusolver.h exception.h
cutil.h cutil_inline.h sdkHelper.h shrUtils.h
cub/device/ thrust/device_vector.h thrust/host_vector.h thrust/device_ptr.h thrust/device_malloc.h thrust/device_free.h thrust/device_allocator.h
thrust/device_malloc_allocator.h thrust/memory.h thrust/sort.h thrust/reduce.h thrust/scan.h thrust/copy.h thrust/fill.h thrust/transform.h
thrust/transform_reduce.h thrust/transform_scan.h thrust/sequence.h thrust/generate.h thrust/for_each.h thrust/count.h thrust/unique.h
thrust/extrema.h thrust/gather.h thrust/scatter.h thrust/remove.h thrust/replace.h thrust/merge.h thrust/partition.h thrust/set_operations.h
thrust/inner_product.h thrust/adjacent_difference.h thrust/tabulate.h thrust/equal.h thrust/find.h thrust/logical.h thrust/mismatch.h
thrust/execution_policy.h thrust/system_error.h thrust/universal_vector.h thrust/async/ thrust/mr/ thrust/system/ thrust/per_device_resource.h
thrust/iterator/ thrust/random.h thrust/binary_search.h thrust/reverse.h thrust/swap.h thrust/uninitialized_fill.h thrust/advance.h
boost/ gtest/ gmock/ glog/ gflags/ pybind11/ opencv2/highgui opencv2/opencv.hpp GL/ GLFW/ absl/ nlohmann/ fmt/ spdlog/ benchmark/ nanobind/ Python.h
`)

// torchHeaders are those of PyTorch.
var torchHeaders = []string{"torch/", "ATen/", "c10/", "THC/", "TH/"}

// stubs are the texts of all stubs whose names are known, and the prelude's.
var stubs = func() map[string]string {
	all := map[string]string{}
	for _, name := range hostHeaders {
		if !strings.HasSuffix(name, "/") {
			all[name] = ""
		}
	}
	for _, name := range []string{"prelude.h", "std.h", "torch.h", "cub.h"} {
		text, err := stubFiles.ReadFile("stubs/" + name)
		if err != nil {
			panic(err) // it is embedded
		}
		all["cnn-gpu/"+name] = string(text)
	}
	all["cub/cub.cuh"] = `#include "cnn-gpu/cub.h"` + "\n"
	return all
}()

// stub is the text of the stub that stands for a header, or nil.
func stub(name string) *string {
	in := func(folders []string) bool {
		return slices.ContainsFunc(folders, func(f string) bool { return strings.HasSuffix(f, "/") && strings.HasPrefix(name, f) })
	}
	text, ok := stubs[name]
	switch {
	case ok:
	case in(torchHeaders):
		text = `#include "cnn-gpu/torch.h"` + "\n"
	case !in(hostHeaders):
		return nil
	}
	return &text
}

// origins tells which of NVIDIA's packages have headers that device code needs.
var origins = []struct{ header, wheel string }{
	{"curand_", "nvidia-curand"},
	{"cub/", "nvidia-cuda-cccl"},
	{"thrust/", "nvidia-cuda-cccl"},
	{"cuda/", "nvidia-cuda-cccl"},
	{"nv/", "nvidia-cuda-cccl"},
	{"crt/", "nvidia-cuda-nvcc (from CUDA 13 on nvidia-cuda-crt)"},
	{"cooperative_groups", "nvidia-cuda-runtime"},
	{"cuda_fp", "nvidia-cuda-runtime"},
	{"cuda_bf16.h", "nvidia-cuda-runtime"},
	{"cuda_pipeline", "nvidia-cuda-runtime"},
	{"cuda_awbarrier", "nvidia-cuda-runtime"},
	{"cuComplex.h", "nvidia-cuda-runtime"},
	{"math_constants.h", "nvidia-cuda-runtime"},
	{"mma.h", "nvidia-cuda-runtime"},
	{"cutlass/", ""},
	{"cute/", ""},
}

// origin says who has a header that device code needs; empty if it is none of those that are known.
func origin(header string) string {
	for _, o := range origins {
		switch {
		case !strings.HasPrefix(header, o.header):
		case o.wheel == "":
			return "the sources of CUTLASS"
		default:
			return "NVIDIA's wheel " + o.wheel + " and every CUDA toolkit"
		}
	}
	return ""
}

// missingHint says where a header is to be had.
func missingHint(header string) string {
	from := origin(header)
	switch {
	case from == "":
		return header + " was not found: give its folder with -I"
	case strings.Contains(from, "CUTLASS"):
		return header + " is in " + from + ": give the folder with -I"
	}
	return header + " is in " + from + ": `make cuda-headers` brings it; CUDA_HOME names a toolkit"
}
