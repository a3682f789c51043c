package data

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fingerprints are those of a set's parts.
func fingerprints(t *testing.T, s Splits) (list []Fingerprint) {
	t.Helper()
	for _, set := range []Set{s.Training, s.Test} {
		f, err := FingerprintOf(set)
		require.NoError(t, err)
		list = append(list, f)
	}
	return list
}

func isStreamed(s Splits) bool {
	_, ok := s.Training.(*subset).Set.(*streamed)
	return ok
}

// Pictures that are read from disk are those that are held in memory, value by value, and either makes the cache for the other.
func TestStream(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 10)
	a.add("dog", 10)
	a.write("dog/broken.png", []byte("no picture"))
	open := func(stream bool) (Splits, int64) {
		t.Helper()
		before := a.decoded.Load()
		a.options.Pictures.Stream = stream
		s, err := a.open()
		require.NoError(t, err)
		assert.Equal(t, stream, isStreamed(s))
		assert.Equal(t, 1, s.Pictures.Unreadable)
		return s, a.decoded.Load() - before
	}
	held, decoded := open(false)
	assert.Equal(t, int64(21), decoded)
	assert.Empty(t, held.Storage)
	want := fingerprints(t, held)
	cache := newPictureCache(a.listing(), a.options.Pictures).path
	written, err := os.Stat(cache)
	require.NoError(t, err)

	s, decoded := open(true)
	assert.Equal(t, int64(1), decoded, "what cannot be read is tried again")
	assert.Equal(t, want, fingerprints(t, s))
	assert.Contains(t, s.Storage, "are read from disk")
	now, err := os.Stat(cache)
	require.NoError(t, err)
	assert.True(t, os.SameFile(written, now), "nothing new, nothing written")

	first, err := os.ReadFile(cache)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(os.Getenv("XDG_CACHE_HOME")))
	s, decoded = open(true)
	assert.Equal(t, int64(21), decoded)
	assert.Equal(t, want, fingerprints(t, s))
	again, err := os.ReadFile(cache)
	require.NoError(t, err)
	assert.Equal(t, first, again, "one format")
	assert.Len(t, files(t, filepath.Dir(cache)), 1)
	info, err := os.Stat(cache)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, decoded = open(false)
	assert.Equal(t, int64(1), decoded)

	// A picture that can be read later is added to those that are there.
	a.write("dog/broken.png", first[:0])
	mended, err := os.ReadFile(filepath.Join(a.dir, "dog", "001.png"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(filepath.Join(a.dir, "dog", "broken.png")))
	path := a.write("dog/broken.png", []byte("no picture"))
	_, _ = open(true)
	at := time.Unix(1e9, 0)
	require.NoError(t, os.WriteFile(path, append(mended[:0:0], mended...)[:10], 0o644))
	require.NoError(t, os.Chtimes(path, at, at))
	_, decoded = open(true)
	assert.Equal(t, int64(21), decoded, "the list has changed")
	require.NoError(t, os.WriteFile(path, make([]byte, 10), 0o644))
	require.NoError(t, os.Chtimes(path, at, at))
	_, decoded = open(true)
	assert.Equal(t, int64(1), decoded)

	a.options.Pictures.Fresh = true
	_, decoded = open(true)
	assert.Equal(t, int64(21), decoded)
	_, decoded = open(false)
	assert.Equal(t, int64(21), decoded)
	a.options.Pictures.Fresh = false

	// A set that is open stays what it is when its cache is replaced or removed.
	s, _ = open(true)
	require.NoError(t, os.Remove(cache))
	got := fingerprints(t, s)
	assert.Equal(t, want, got)
	// What vanishes behind its back is an error of the read.
	require.NoError(t, s.Training.(*subset).Set.(*streamed).file.Close())
	_, err = s.Training.Example(0, make([]float32, 90))
	assert.ErrorContains(t, err, "cannot be read from the cache")
	_, err = s.Training.Example(0, make([]float32, 9))
	assert.ErrorContains(t, err, "needs room for 90 values")
}

// What was decoded before the reading was stopped is not decoded again.
func TestStreamGoesOn(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 10)
	a.add("dog", 10)
	want := func() []Fingerprint { s, _ := a.splits(); return fingerprints(t, s) }()
	require.NoError(t, os.RemoveAll(os.Getenv("XDG_CACHE_HOME")))
	a.options.Pictures.Stream = true
	stop, progress := errors.New("enough"), a.options.Pictures.Progress
	a.options.Pictures.Progress = func(done, _ int) error {
		if done >= 5 {
			return stop
		}
		return nil
	}
	_, err := a.open()
	require.ErrorIs(t, err, stop)
	a.options.Pictures.Progress = progress
	a.decoded.Store(0)
	s, err := a.open()
	require.NoError(t, err)
	assert.LessOrEqual(t, a.decoded.Load(), int64(15))
	assert.GreaterOrEqual(t, a.decoded.Load(), int64(15-runtime.GOMAXPROCS(0)))
	assert.Equal(t, want, fingerprints(t, s))
}

// Pictures are streamed by themselves where they would take more than half of the memory that is free.
func TestStreamWhereMemoryIsShort(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 20)
	a.add("dog", 20)
	a.options.Pictures.Shape = []int{600, 600, 3} // 41 MiB in all
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + 60<<20))
	// The first decoding does not hold them, either.
	most, progress := uint64(0), a.options.Pictures.Progress
	a.options.Pictures.Progress = func(done, total int) error {
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc)
		return progress(done, total)
	}
	s, err := a.open()
	require.NoError(t, err)
	assert.True(t, isStreamed(s))
	assert.Less(t, int64(most)-int64(m.HeapAlloc), int64(20<<20))
	debug.SetMemoryLimit(math.MaxInt64)
	s, err = a.open()
	require.NoError(t, err)
	assert.False(t, isStreamed(s))
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 10)
	a.add("dog", 10)
	for _, dir := range []string{"/dev/null", "relative"} {
		t.Setenv("XDG_CACHE_HOME", dir)
		a.options.Pictures.Stream = false
		s, err := a.open()
		require.NoError(t, err)
		assert.Regexp(t, `The decoded pictures could not be kept in .+, so that they are decoded anew the next time: .+\n$`, s.Storage)
		a.options.Pictures.Stream = true
		_, err = a.open()
		assert.ErrorContains(t, err, "its pictures take 1.76 KiB decoded")
		assert.ErrorContains(t, err, "make room there, name another folder by XDG_CACHE_HOME")
	}
}

// What processes that were killed have begun is removed, but not what one may be writing.
func TestCacheLeftovers(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 10)
	a.add("dog", 10)
	cache := newPictureCache(a.listing(), a.options.Pictures)
	begin := func() string {
		f, err := cache.begin()
		require.NoError(t, err)
		require.NoError(t, f.Close())
		return f.Name()
	}
	old, young := begin(), begin()
	at := time.Now().Add(-2 * leftoverAge)
	require.NoError(t, os.Chtimes(old, at, at))
	a.splits()
	assert.ElementsMatch(t, []string{filepath.Base(cache.path), filepath.Base(young)}, files(t, filepath.Dir(cache.path)))
}
