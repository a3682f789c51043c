package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tinySet is a set of one good file to fetch, and mirrors of every character that serve it.
type tinySet struct {
	known
	gz     []byte
	server *httptest.Server
	asked  atomic.Int32
}

func newTinySet(t *testing.T) *tinySet {
	content := idxBytes(bytes.Repeat([]byte("cnn-gpu"), 100), 700)
	sum := sha256.Sum256(content)
	s := &tinySet{gz: gzipped(t, content)}
	s.known = known{name: "tiny", files: []download{{
		name: "tiny-idx1-ubyte.gz", size: int64(len(s.gz)), contentSize: int64(len(content)),
		contentSHA256: hex.EncodeToString(sum[:]),
	}}}
	s.server = httptest.NewServer(s.mirrors(t, content))
	t.Cleanup(s.server.Close)
	return s
}

func (s *tinySet) mirrors(t *testing.T, content []byte) http.Handler {
	half := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", fmt.Sprint(len(s.gz)))
		w.Write(s.gz[:len(s.gz)/2])
		w.(http.Flusher).Flush()
	}
	bomb := gzipped(t, make([]byte, 4<<20))
	mux := http.NewServeMux()
	for name, answer := range map[string]http.HandlerFunc{
		"works": func(w http.ResponseWriter, r *http.Request) { w.Write(s.gz) },
		"repacks": func(w http.ResponseWriter, r *http.Request) {
			z, _ := gzip.NewWriterLevel(w, gzip.NoCompression)
			z.Write(content)
			z.Close()
		},
		"encodes": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(s.gz)
		},
		"missing":     func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"silent":      func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"stalls":      func(w http.ResponseWriter, r *http.Request) { half(w); <-r.Context().Done() },
		"breaks":      func(w http.ResponseWriter, r *http.Request) { half(w); panic(http.ErrAbortHandler) },
		"lies":        func(w http.ResponseWriter, r *http.Request) { w.Write(gzipped(t, make([]byte, len(content)))) },
		"bombs":       func(w http.ResponseWriter, r *http.Request) { w.Write(bomb) },
		"chatters":    func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 3<<20)) },
		"apologises":  func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>down for repair</html>") },
		"is too busy": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
	} {
		mux.HandleFunc("/"+strings.ReplaceAll(name, " ", "-")+"/tiny-idx1-ubyte.gz", func(w http.ResponseWriter, r *http.Request) {
			s.asked.Add(1)
			answer(w, r)
		})
	}
	return mux
}

// stall is how long tests wait for a mirror that says nothing.
const stall = time.Second

// from returns options that ask the named mirrors in turn and write to a new folder.
func (s *tinySet) from(t *testing.T, mirrors ...string) FetchOptions {
	o := FetchOptions{Dir: filepath.Join(t.TempDir(), "cache", "tiny")}
	for _, m := range mirrors {
		o.Mirrors = append(o.Mirrors, s.server.URL+"/"+m+"/")
	}
	return o
}

func files(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFetch(t *testing.T) {
	s := newTinySet(t)
	for _, mirror := range []string{"works", "repacks", "encodes"} {
		o := s.from(t, mirror)
		var last, total int64
		o.Progress = func(done, all int64) {
			assert.GreaterOrEqual(t, done, last)
			last, total = done, all
		}
		dir, err := s.fetch(t.Context(), o)
		require.NoError(t, err, mirror)
		assert.Equal(t, o.Dir, dir)
		assert.Equal(t, []string{"tiny-idx1-ubyte.gz"}, files(t, dir))
		assert.Equal(t, int64(len(s.gz)), last)
		assert.Equal(t, last, total)
		a, err := openIDX(filepath.Join(dir, "tiny-idx1-ubyte.gz"))
		require.NoError(t, err)
		assert.Equal(t, []int{700}, a.dims)
		require.NoError(t, a.close())
	}
}

func TestFetchKeepsWhatIsRight(t *testing.T) {
	s := newTinySet(t)
	o := s.from(t, "works")
	for range 2 {
		_, err := s.fetch(t.Context(), o)
		require.NoError(t, err)
	}
	assert.EqualValues(t, 1, s.asked.Load())

	file := filepath.Join(o.Dir, "tiny-idx1-ubyte.gz")
	require.NoError(t, os.WriteFile(file, s.gz[:10], 0o644))
	_, err := s.fetch(t.Context(), o)
	require.NoError(t, err)
	assert.EqualValues(t, 2, s.asked.Load(), "a torn file is fetched again")
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, s.gz, b)
}

// The files of the sets bear the same names: one set does not take another's place.
func TestFetchKeepsTheFilesOfAnotherSet(t *testing.T) {
	s := newTinySet(t)
	before := catalog
	t.Cleanup(func() { catalog = before })
	catalog = append([]known{s.known}, before...)
	o := s.from(t, "works")
	_, err := s.fetch(t.Context(), o)
	require.NoError(t, err)
	other := known{name: "other", files: []download{{name: s.files[0].name, contentSHA256: "none"}}}
	_, err = other.fetch(t.Context(), o)
	assert.EqualError(t, err, "data: fetch other: tiny-idx1-ubyte.gz in "+o.Dir+" is a file of tiny: give another folder with --data-dir DIR")
	b, err := os.ReadFile(filepath.Join(o.Dir, s.files[0].name))
	require.NoError(t, err)
	assert.Equal(t, s.gz, b)
}

var badMirrors = map[string]string{
	"missing":     "answered 404 Not Found",
	"is-too-busy": "answered 503 Service Unavailable",
	"silent":      "silent for 1s",
	"stalls":      "broke off after 22 bytes of about 45: silent for 1s",
	"breaks":      "broke off after",
	"lies":        "wrong content: SHA-256 of the uncompressed content is",
	"bombs":       "wrong content: SHA-256 of the uncompressed content is",
	"chatters":    "sent more than",
	"apologises":  "wrong content: not a gzip file",
}

func TestFetchTurnsToTheNextMirror(t *testing.T) {
	s := newTinySet(t)
	for mirror := range badMirrors {
		t.Run(mirror, func(t *testing.T) {
			t.Parallel()
			o := s.from(t, mirror, "works")
			if mirror == "silent" || mirror == "stalls" {
				o.Stall = stall
			}
			dir, err := s.fetch(t.Context(), o)
			require.NoError(t, err)
			assert.Equal(t, []string{"tiny-idx1-ubyte.gz"}, files(t, dir))
		})
	}
}

func TestFetchListsWhatEachMirrorAnswered(t *testing.T) {
	t.Parallel()
	s := newTinySet(t)
	var mirrors []string
	for mirror := range badMirrors {
		mirrors = append(mirrors, mirror)
	}
	o := s.from(t, mirrors...)
	o.Stall = stall
	o.Mirrors = append(o.Mirrors, "http://127.0.0.1:1/closed", "gopher://nowhere")
	_, err := s.fetch(t.Context(), o)
	require.ErrorContains(t, err, "data: fetch tiny: no mirror gave tiny-idx1-ubyte.gz")
	assert.ErrorContains(t, err, "--data-dir DIR")
	for mirror, answer := range badMirrors {
		assert.Contains(t, err.Error(), path.Join("/", mirror, "tiny-idx1-ubyte.gz")+": "+answer)
	}
	assert.ErrorContains(t, err, "closed/tiny-idx1-ubyte.gz: dial tcp 127.0.0.1:1: connect: connection refused")
	assert.ErrorContains(t, err, "unsupported protocol scheme")
	assert.Empty(t, files(t, o.Dir))
}

func TestFetchComparesTheFileWhereItsSumIsKnown(t *testing.T) {
	s := newTinySet(t)
	sum := sha256.Sum256(s.gz)
	s.files[0].contentSHA256, s.files[0].gzSHA256 = "", hex.EncodeToString(sum[:])
	_, err := s.fetch(t.Context(), s.from(t, "works"))
	assert.NoError(t, err)
	_, err = s.fetch(t.Context(), s.from(t, "repacks"))
	assert.ErrorContains(t, err, "wrong content: SHA-256 of the file is")
}

func TestFetchCancelledLeavesNothing(t *testing.T) {
	s := newTinySet(t)
	o := s.from(t, "stalls", "works")
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(done, total int64) {
		assert.Len(t, files(t, o.Dir), 1, "a temporary file")
		cancel()
	}
	_, err := s.fetch(ctx, o)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, files(t, o.Dir))
	assert.EqualValues(t, 1, s.asked.Load(), "no other mirror is asked")
}

// A fault of this machine ends it at once and is not laid on the mirrors.
func TestFetchCannotWrite(t *testing.T) {
	s := newTinySet(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	o := s.from(t, "works", "works")
	o.Dir = filepath.Join(file, "tiny")
	_, err := s.fetch(t.Context(), o)
	assert.ErrorContains(t, err, "not a directory")

	o = s.from(t, "works", "works")
	o.Dir = filepath.Join(t.TempDir(), "tiny")
	require.NoError(t, os.MkdirAll(filepath.Join(o.Dir, "tiny-idx1-ubyte.gz"), 0o755))
	_, err = s.fetch(t.Context(), o)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "no mirror")
	assert.Equal(t, []string{"tiny-idx1-ubyte.gz"}, files(t, o.Dir))
}

func TestFetchByName(t *testing.T) {
	for name, want := range map[string]string{
		"nist":           "expected mnist, fashion-mnist, kmnist",
		"digits":         "it is built in",
		"emnist-letters": "NIST publishes EMNIST",
	} {
		_, err := Fetch(t.Context(), name, FetchOptions{Dir: t.TempDir()})
		assert.ErrorContains(t, err, want)
	}
	assert.Equal(t, []string{"mnist", "fashion-mnist", "kmnist"}, Fetchable())
}

// Every set that can be fetched has four files, a sum for each, and more than one mirror.
func TestCatalog(t *testing.T) {
	for _, k := range catalog {
		if len(k.mirrors) == 0 {
			assert.NotEmpty(t, k.byHand, k.name)
			continue
		}
		assert.Greater(t, len(k.mirrors), 1, k.name)
		require.Len(t, k.files, 4, k.name)
		for i, d := range k.files {
			assert.Equal(t, plainNames[i]+".gz", d.name)
			assert.Len(t, d.contentSHA256+d.gzSHA256, 64, d.name)
			assert.Positive(t, d.size)
			assert.Equal(t, d.contentSHA256 != "", d.contentSize > 0)
			if i == trainLabels || i == testLabels {
				assert.True(t, d.contentSHA256 != "" || len(d.contentMD5) == 32, "the labels of %s tell it from other sets", k.name)
			}
		}
	}
}

// Files that a package of the system has brought are read where they lie, and fetched from there if they are right; the cache comes first.
func TestPackageOfTheSystem(t *testing.T) {
	s := newTinySet(t)
	s.name, s.debian = "tiny", "dataset-tiny"
	system := t.TempDir()
	folder := filepath.Join(system, "datasets", "tiny")
	t.Setenv("XDG_DATA_DIRS", "relative"+string(filepath.ListSeparator)+t.TempDir()+string(filepath.ListSeparator)+system)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	require.NoError(t, os.MkdirAll(folder, 0o755))
	assert.Len(t, s.systemFolders(), 2, "relative ones do not count")

	file := filepath.Join(folder, s.files[0].name)
	require.NoError(t, os.WriteFile(file, s.gz, 0o444))
	o := s.from(t, "missing")
	dir, err := s.fetch(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, []string{s.files[0].name}, files(t, dir))
	assert.True(t, s.files[0].present(dir))
	assert.Zero(t, s.asked.Load())

	require.NoError(t, os.Chmod(file, 0o644))
	require.NoError(t, os.WriteFile(file, s.gz[1:], 0o644))
	dir, err = s.fetch(t.Context(), s.from(t, "works"))
	require.NoError(t, err)
	assert.True(t, s.files[0].present(dir))
	assert.Equal(t, int32(1), s.asked.Load(), "a wrong one is fetched")
}

func TestOpenPackageOfTheSystem(t *testing.T) {
	system, cache := t.TempDir(), t.TempDir()
	t.Setenv("XDG_DATA_DIRS", system)
	t.Setenv("XDG_CACHE_HOME", cache)
	_, _, err := Open("fashion-mnist", Options{})
	assert.ErrorContains(t, err, filepath.Join(system, "datasets", "fashion-mnist"))
	assert.ErrorContains(t, err, "or install Debian's package dataset-fashion-mnist, or name the folder")
	_, _, err = Open("mnist", Options{})
	assert.NotContains(t, err.Error(), system)

	folder := filepath.Join(system, "datasets", "fashion-mnist")
	require.NoError(t, os.MkdirAll(filepath.Dir(folder), 0o755))
	require.NoError(t, os.Rename(writeSet(t, plainNames, 0), folder))
	s, _, err := Open("fashion-mnist", Options{})
	require.NoError(t, err)
	assert.Equal(t, "fashion-mnist", s.Name())
	assert.Equal(t, 3, s.Len())

	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	_, _, err = Open("fashion-mnist", Options{})
	assert.NoError(t, err, "without a home, too")
	_, _, err = Open("mnist", Options{})
	assert.ErrorContains(t, err, "no cache folder")
}
