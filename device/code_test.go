package device

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cuda"
)

func someLaunch(elements int) cuda.Launch {
	x := kernels.NewBuffer("x", kernels.Float32, elements)
	launches, err := cuda.Launches(kernels.Zero{Y: x})
	if err != nil {
		panic(err)
	}
	return launches[0]
}

// Whatever decides what the compiler makes of a source decides its key.
func TestKeys(t *testing.T) {
	first, err := newSource(someLaunch(10), "sm_90")
	require.NoError(t, err)
	again, err := newSource(someLaunch(10), "sm_90")
	require.NoError(t, err)
	assert.Equal(t, first.key(), again.key())
	require.NotEmpty(t, first.headers)
	for what, change := range map[string]func(s *source){
		"name":         func(s *source) { s.name += "x" },
		"text":         func(s *source) { s.text += " " },
		"header":       func(s *source) { s.headers["tile.cuh"] += " " },
		"architecture": func(s *source) { s.options[0] = "-arch=sm_89" },
		"option":       func(s *source) { s.options = append(s.options, "-DN=1") },
	} {
		other, err := newSource(someLaunch(10), "sm_90")
		require.NoError(t, err)
		change(&other)
		assert.NotEqual(t, first.key(), other.key(), what)
	}
	_, err = newSource(cuda.Launch{Source: "none.cu"}, "sm_90")
	assert.ErrorContains(t, err, "no CUDA source none.cu")
}

// What is torn or was made for something else is never taken for machine code.
func TestCodeCache(t *testing.T) {
	cache := codeCache{filepath.Join(t.TempDir(), "odd [name", "kernels")}
	image := bytes.Repeat([]byte("machine code "), 10)
	assert.True(t, cache.isEmpty())
	_, found := cache.load("key", "12.9")
	assert.False(t, found)

	require.NoError(t, cache.store("key", "12.9", image))
	assert.False(t, cache.isEmpty())
	got, found := cache.load("key", "12.9")
	assert.True(t, found)
	assert.Equal(t, image, got)
	entries, err := os.ReadDir(cache.dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no temporary file is left")

	_, found = cache.load("key", "12.8")
	assert.False(t, found, "another compiler's")
	_, found = cache.load("other", "12.9")
	assert.False(t, found, "another source's")
	got, found = cache.load("key", anyVersion)
	assert.True(t, found)
	assert.Equal(t, image, got)

	file := filepath.Join(cache.dir, entries[0].Name())
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	for size := range len(whole) {
		require.NoError(t, os.WriteFile(file, whole[:size], 0o666))
		_, found = cache.load("key", "12.9")
		require.False(t, found, "torn after %d bytes", size)
	}
	for _, at := range []int{0, 40, len(whole) - 1} {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1
		require.NoError(t, os.WriteFile(file, damaged, 0o666))
		_, found = cache.load("key", "12.9")
		assert.False(t, found, "damaged at byte %d", at)
	}
	require.NoError(t, cache.store("key", "12.9", image))
	_, found = cache.load("key", "12.9")
	assert.True(t, found, "written anew")
}

func TestCodeSize(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kernels")
	t.Setenv(CodeDirEnv, dir)
	size, files, where, err := CodeSize()
	require.NoError(t, err)
	assert.Equal(t, dir, where)
	assert.Zero(t, size+int64(files), "no folder yet")

	require.NoError(t, codeCache{dir}.store("a", "12.9", make([]byte, 100)))
	require.NoError(t, codeCache{dir}.store("b", "12.9", make([]byte, 200)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), make([]byte, 5000), 0o666))
	size, files, _, err = CodeSize()
	require.NoError(t, err)
	assert.Equal(t, 2, files)
	assert.EqualValues(t, 300+2*32, size, "with their checksums")

	cache, err := openCodeCache(Options{NoCache: true})
	require.NoError(t, err)
	require.NoError(t, cache.store("c", "12.9", make([]byte, 100)))
	_, files, _, err = CodeSize()
	require.NoError(t, err)
	assert.Equal(t, 2, files, "--no-cache keeps nothing")

	t.Setenv(CodeDirEnv, filepath.Join(dir, "notes.txt"))
	_, _, _, err = CodeSize()
	assert.Error(t, err)
}
