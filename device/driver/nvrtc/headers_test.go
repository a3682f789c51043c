package nvrtc

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// header puts a cuda.h of a version and an empty cuda_fp16.h into a folder.
func header(t *testing.T, folder string, version int) {
	touch(t, filepath.Join(folder, marker))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cuda.h"), fmt.Appendf(nil, "/* */\n#define CUDA_VERSION %d\n", version), 0o644))
}

// Headers are of the library's major version, of its own minor version if there are such; toolkits come before wheels.
func TestFindHeaders(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"CUDA_PATH", "CONDA_PREFIX", "VIRTUAL_ENV", "PATH", IncludeEnv} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", at("home"))
	t.Setenv("XDG_CACHE_HOME", at("cache"))
	t.Setenv("CUDA_HOME", at("cuda"))
	t.Setenv("PYTHONPATH", at("python"))
	t.Chdir(dir)
	touch(t, at("go.mod"))
	l := &Library{Path: at("elsewhere/lib/libnvrtc.so"), Major: 12, Minor: 9}
	assert.Empty(t, FindHeaders(l).Folders)

	header(t, at("python/nvidia/cuda_runtime/include"), 12080)
	touch(t, at("python/nvidia/cuda_cccl/include/cub/cub.cuh"))
	wheels := FindHeaders(l)
	assert.ElementsMatch(t, []string{at("python/nvidia/cuda_cccl/include"), at("python/nvidia/cuda_runtime/include")}, wheels.Folders)

	header(t, at("cuda/include"), 13000)
	assert.Equal(t, wheels, FindHeaders(l), "another major version")
	header(t, at("cuda/include"), 12000)
	assert.Equal(t, []string{at("cuda/include")}, FindHeaders(l).Folders)
	header(t, at("python/nvidia/cuda_runtime/include"), 12090)
	assert.Len(t, FindHeaders(l).Folders, 2, "its own version")

	header(t, at(".cache/cuda-headers/nvidia/cu12/include"), 12090)
	touch(t, at(".cache/cuda-headers/nvidia/cu12/include/cccl/cub/cub.cuh"))
	brought := FindHeaders(l)
	assert.Equal(t, []string{at(".cache/cuda-headers/nvidia/cu12/include"), at(".cache/cuda-headers/nvidia/cu12/include/cccl")}, brought.Folders)
	assert.Contains(t, brought.Version, "12.9")
	assert.NotEqual(t, wheels.Version, brought.Version)

	t.Setenv(IncludeEnv, at("cuda/include"))
	assert.Equal(t, []string{at("cuda/include")}, FindHeaders(l).Folders)
	assert.True(t, HoldsHeaders(at("cuda/include")))
	assert.False(t, HoldsHeaders(dir))
}
