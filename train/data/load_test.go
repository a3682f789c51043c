package data

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allocated is how many bytes do takes from the heap, in all.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A set takes the memory that it fills, once.
func TestOpenAllocatesTheSetOnce(t *testing.T) {
	for _, names := range [][4]string{plainNames, {plainNames[0] + ".gz", plainNames[1] + ".gz", plainNames[2] + ".gz", plainNames[3] + ".gz"}} {
		dir := t.TempDir()
		const examples, side = 4000, 32
		for i, name := range names {
			b := idxBytes(bytes.Repeat([]byte{0, 1}, examples/2), examples)
			if i%2 == 0 {
				b = idxBytes(make([]byte, examples*side*side), examples, side, side)
			}
			if filepath.Ext(name) == ".gz" {
				b = gzipped(t, b)
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
		}
		took := allocated(func() {
			_, _, err := Open(dir, Options{})
			require.NoError(t, err)
		})
		assert.Less(t, float64(took), 1.1*2*examples*(side*side+1), names[0])
	}
}

// A header that lies shows against the other files' before any memory is taken for it.
func TestOpenComparesHeadersFirst(t *testing.T) {
	dir := writeSet(t, plainNames, 0)
	require.NoError(t, os.Remove(filepath.Join(dir, plainNames[0])))
	bomb := gzipped(t, idxBytes(make([]byte, 1<<20), 64, 8192, 8192))
	bomb = append(bomb, make([]byte, 5<<20)...) // as a real one would, it has bytes enough for its promise
	require.NoError(t, os.WriteFile(filepath.Join(dir, plainNames[0]+".gz"), bomb, 0o644))
	for labels, want := range map[uint32]string{3: "holds 64 images, ", 64: "expected the same"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, plainNames[1]), idxBytes(make([]byte, labels), labels), 0o644))
		took := allocated(func() {
			_, _, err := Open(dir, Options{})
			assert.ErrorContains(t, err, want)
		})
		assert.Less(t, took, uint64(1<<20))
	}
}

// A folder may have validation images of its own.
func TestOpenSplitsOfItsOwn(t *testing.T) {
	for _, word := range []string{"val", "valid", "validation"} {
		dir := writeSet(t, plainNames, 0)
		s, err := OpenSplits(dir, Options{})
		require.NoError(t, err)
		assert.Nil(t, s.Validation)

		images := filepath.Join(dir, word+"-images-idx3-ubyte")
		require.NoError(t, os.WriteFile(images, idxBytes(make([]byte, 4*6), 4, 2, 3), 0o644))
		_, err = OpenSplits(dir, Options{})
		require.ErrorContains(t, err, "expected a file validation-labels-idx1-ubyte (or .gz, or val for validation), found none")
		labels := filepath.Join(dir, word+"-labels-idx1-ubyte")
		require.NoError(t, os.WriteFile(labels, idxBytes([]byte{1, 1, 0, 1}, 4), 0o644))
		s, err = OpenSplits(dir, Options{})
		require.NoError(t, err)
		assert.Equal(t, []int{3, 4, 2}, []int{s.Training.Len(), s.Validation.Len(), s.Test.Len()})
		counts, err := Counts(s.Validation)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 3}, counts)

		require.NoError(t, os.WriteFile(labels, idxBytes([]byte{1, 1, 0, 2}, 4), 0o644))
		_, err = OpenSplits(dir, Options{})
		assert.ErrorContains(t, err, "label 3 is 2, expected 0 to 1")
		require.NoError(t, os.WriteFile(images, idxBytes(make([]byte, 4*6), 4, 3, 2), 0o644))
		_, err = OpenSplits(dir, Options{})
		assert.ErrorContains(t, err, "expected the same")
	}
}

// Files that are another set's are refused, compressed or not and whichever sum of their content is known.
func TestOpenRefusesFilesOfAnotherSet(t *testing.T) {
	dir := writeSet(t, [4]string{plainNames[0], plainNames[1] + ".gz", plainNames[2], plainNames[3]}, 0)
	plain := writeSet(t, plainNames, 0)
	sum := func(h hash.Hash, name string) string {
		b, err := os.ReadFile(filepath.Join(plain, name))
		require.NoError(t, err)
		h.Write(b)
		return hex.EncodeToString(h.Sum(nil))
	}
	before := catalog
	t.Cleanup(func() { catalog = before })
	open := func(change func(files []download), name string) error {
		files := make([]download, needed)
		change(files)
		catalog = append(slices.Clone(before), known{name: "cats", files: files})
		_, _, err := Open(name, Options{DataDir: dir})
		return err
	}
	cats := func(kind int, d download) func([]download) { return func(files []download) { files[kind] = d } }

	content := cats(testImages, download{contentSHA256: sum(sha256.New(), plainNames[2])})
	assert.EqualError(t, open(content, "mnist"), "data: "+filepath.Join(dir, plainNames[2])+
		" is a file of cats, not of mnist: choose --data cats, or give the folder that holds mnist with --data-dir")
	assert.NoError(t, open(content, "cats"))
	for kind, name := range map[int]string{trainLabels: plainNames[1] + ".gz", testLabels: plainNames[3]} {
		labels := cats(kind, download{contentMD5: sum(md5.New(), plainNames[kind])})
		assert.ErrorContains(t, open(labels, "fashion-mnist"), name+" is a file of cats, not of fashion-mnist")
	}
	assert.NoError(t, open(cats(trainImages, download{contentSHA256: sum(sha256.New(), plainNames[2])}), "mnist"), "the same content elsewhere")
	assert.NoError(t, open(func([]download) {}, "mnist"))
}
