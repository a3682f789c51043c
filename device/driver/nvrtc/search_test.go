package nvrtc

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// touch makes empty files.
func touch(t *testing.T, files ...string) {
	t.Helper()
	for _, f := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(f), 0o755))
		require.NoError(t, os.WriteFile(f, nil, 0o644))
	}
}

func TestLibrariesNewestFirst(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	touch(t, at("libnvrtc.so.11.8.89"), at("libnvrtc.so.12.9.86"), at("libnvrtc.so.12.10.1"), at("libnvrtc.alt.so.12"),
		at("libnvrtc-builtins.so.12.9.86"), at("libnvrtc-builtins.so.12.10.1"), at("libnvrtc_static.a"))
	require.NoError(t, os.Symlink(at("libnvrtc.so.12.10.1"), at("libnvrtc.so.12")))
	require.NoError(t, os.Symlink(at("gone"), at("libnvrtc.so.13")))
	require.NoError(t, os.Mkdir(at("libnvrtc.so.14"), 0o755))
	assert.Equal(t, []string{at("libnvrtc.so.12.10.1"), at("libnvrtc.so.12.9.86"), at("libnvrtc.so.11.8.89")}, libraries(dir))
	assert.Equal(t, at("libnvrtc-builtins.so.12.10.1"), builtins(at("libnvrtc.so.12")))
	assert.Empty(t, libraries(at("nowhere")))
	assert.Empty(t, builtins(filepath.Join(t.TempDir(), "libnvrtc.so")))
}

func TestFoldersInOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd [name")
	at := func(name string) string { return filepath.Join(dir, name, "libnvrtc.so.12") }
	folders12 := []string{
		"project/.cache/nvrtc/nvidia/cuda_nvrtc/lib",
		"cache/cnn-gpu/nvrtc/nvidia/cu13/lib",
		"", // the loader's path
		"cuda/lib64",
		"pythonpath/nvidia/cuda_nvrtc/lib",
		"venv/lib/python3.13/site-packages/nvidia/cu13/lib",
		"venv/lib/python3.9/site-packages/nvidia/cu13/lib",
		"home/.pyenv/versions/3.12.10/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib",
		"home/.pyenv/versions/3.12.1/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib",
	}
	for _, f := range folders12 {
		if f != "" {
			touch(t, at(f))
		}
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	t.Setenv("HOME", filepath.Join(dir, "home"))
	t.Setenv("CUDA_HOME", filepath.Join(dir, "cuda"))
	t.Setenv("PYTHONPATH", filepath.Join(dir, "pythonpath"))
	t.Setenv("VIRTUAL_ENV", filepath.Join(dir, "venv"))
	t.Setenv("PATH", "")
	touch(t, filepath.Join(dir, "project", "go.mod"))
	inner := filepath.Join(dir, "project", "device", "driver")
	require.NoError(t, os.MkdirAll(inner, 0o755))
	t.Chdir(inner)

	got := folders()
	last := -1
	for _, f := range folders12 {
		want := f
		if f != "" {
			want = filepath.Join(dir, f)
		}
		i := slices.Index(got, want)
		require.Greater(t, i, last, "%q is out of order in %q", want, got)
		last = i
	}
}

func TestCompareNumbers(t *testing.T) {
	names := []string{"cuda-12.10/lib64", "cuda-9.2/lib64", "cuda-12.9/lib64", "cuda-13/lib64"}
	slices.SortFunc(names, compareNumbers)
	assert.Equal(t, []string{"cuda-9.2/lib64", "cuda-12.9/lib64", "cuda-12.10/lib64", "cuda-13/lib64"}, names)
}
