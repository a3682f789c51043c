package data

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The cache is used where it is whole and of the same pictures, and else made anew.
func TestPictureCache(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 10)
	a.add("dog", 10)
	decodes := func() int64 {
		t.Helper()
		before := a.decoded.Load()
		s, _ := a.splits()
		want, err := FingerprintOf(s.Training)
		require.NoError(t, err)
		cached := a.decoded.Load() - before
		require.NoError(t, os.RemoveAll(os.Getenv("XDG_CACHE_HOME")))
		s, _ = a.splits()
		got, err := FingerprintOf(s.Training)
		require.NoError(t, err)
		assert.Equal(t, got, want, "the cache holds what is decoded")
		a.decoded.Add(-20)
		return cached
	}
	file := func() string {
		var files []string
		require.NoError(t, filepath.WalkDir(os.Getenv("XDG_CACHE_HOME"), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files = append(files, path)
			}
			return err
		}))
		require.Len(t, files, 1, "one for each folder and shape, and nothing half-written")
		return files[0]
	}
	assert.Equal(t, int64(20), decodes())
	assert.Equal(t, int64(0), decodes())
	assert.Equal(t, filepath.Join(os.Getenv("XDG_CACHE_HOME"), "cnn-gpu", "data", "pictures"), filepath.Dir(file()))
	info, err := os.Stat(file())
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	whole, err := os.ReadFile(file())
	require.NoError(t, err)
	for _, at := range []int{0, len(cacheMagic), len(cacheMagic) + 40, len(cacheMagic) + 70, len(whole) - 1} {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1
		require.NoError(t, os.WriteFile(file(), damaged, 0o600))
		assert.Equal(t, int64(20), decodes(), "byte %d", at)
	}
	for _, damaged := range [][]byte{nil, whole[:len(whole)-1], append(bytes.Clone(whole), 0)} {
		require.NoError(t, os.WriteFile(file(), damaged, 0o600))
		assert.Equal(t, int64(20), decodes(), "%d bytes", len(damaged))
	}

	path := filepath.Join(a.dir, "cat", "003.png")
	require.NoError(t, os.Chtimes(path, time.Time{}, time.Unix(1, 0)))
	assert.Equal(t, int64(20), decodes(), "another time")
	require.NoError(t, os.Rename(path, filepath.Join(a.dir, "cat", "zzz.png")))
	assert.Equal(t, int64(20), decodes(), "another name")
	a.options.Pictures.Seed = 3
	assert.Equal(t, int64(0), decodes(), "another split")

	t.Chdir(filepath.Dir(a.dir))
	absolute := a.dir
	a.dir = filepath.Base(a.dir)
	assert.Equal(t, int64(0), decodes(), "another way to the same folder")
	a.dir = absolute

	// What was decoded before somebody stopped the reading is there the next time.
	require.NoError(t, os.RemoveAll(os.Getenv("XDG_CACHE_HOME")))
	stop, progress := errors.New("enough"), a.options.Pictures.Progress
	a.options.Pictures.Progress = func(done, total int) error {
		if assert.Equal(t, 20, total); done >= 5 {
			return stop
		}
		return nil
	}
	_, err = a.open()
	require.ErrorIs(t, err, stop)
	a.options.Pictures.Progress = progress
	left := decodes()
	assert.LessOrEqual(t, left, int64(15))
	assert.GreaterOrEqual(t, left, int64(20-5-runtime.GOMAXPROCS(0)))

	// Where nothing can be written, pictures are decoded each time.
	t.Setenv("XDG_CACHE_HOME", "/dev/null")
	s, err := a.open()
	require.NoError(t, err)
	assert.Equal(t, 20, s.Training.Len()+s.Test.Len())
}
