package data

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cifarRecords are records whose pixel (x, y) has the channels c: 100*c + 3*y + x, plus the record's number.
func cifarRecords(n int, labels func(i int) []byte) []byte {
	var b []byte
	for i := range n {
		b = append(b, labels(i)...)
		for c := range 3 {
			for y := range 32 {
				for x := range 32 {
					b = append(b, byte(100*c+3*y+x+i))
				}
			}
		}
	}
	return b
}

func writeCIFAR10(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for n, name := range []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"} {
		b := cifarRecords(2, func(i int) []byte { return []byte{byte((2*n + i) % 10)} })
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
}

func TestOpenCIFAR10(t *testing.T) {
	flat, unpacked, named, cache := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	writeCIFAR10(t, flat)
	writeCIFAR10(t, filepath.Join(unpacked, "cifar-10-batches-bin"))
	writeCIFAR10(t, filepath.Join(named, "cifar10"))
	t.Setenv("XDG_CACHE_HOME", cache)
	writeCIFAR10(t, filepath.Join(cache, "cnn-gpu", "data", "cifar10"))
	for _, dir := range []string{flat, unpacked, named, ""} {
		s, err := OpenSplits("cifar10", Options{DataDir: dir})
		require.NoError(t, err)
		assert.Equal(t, "cifar10", s.Training.Name())
		assert.Equal(t, []int{32, 32, 3}, s.Training.Shape())
		assert.Equal(t, 10, s.Training.Len())
		assert.Equal(t, 2, s.Test.Len())
		assert.Nil(t, s.Validation)
		x := make([]float32, cifarPixels)
		label, err := s.Training.Example(7, x)
		require.NoError(t, err)
		assert.Equal(t, int32(7), label)
		assert.Equal(t, "horse", s.Training.Classes()[label])
		for y := range 32 {
			for col := range 32 {
				for c := range 3 {
					require.Equal(t, float32(byte(100*c+3*y+col+1))/255, x[(y*32+col)*3+c], "pixel (%d, %d), channel %d", col, y, c)
				}
			}
		}
		how, err := PreparationOf(s.Training)
		require.NoError(t, err)
		assert.Equal(t, Preparation{Framing: Cropped, Ground: AnyGround}, how)
	}
}

func TestOpenCIFAR100(t *testing.T) {
	dir := t.TempDir()
	both := func(i int) []byte { return []byte{byte(i), byte(99 - i)} }
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train.bin"), cifarRecords(4, both), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "test.bin"), cifarRecords(3, both), 0o644))
	for name, want := range map[string]string{"cifar100": "woman", "cifar100-coarse": "fish"} {
		training, test, err := Open(name, Options{DataDir: dir})
		require.NoError(t, err)
		assert.Equal(t, 4, training.Len())
		assert.Equal(t, 3, test.Len())
		label, err := training.Example(1, make([]float32, cifarPixels))
		require.NoError(t, err)
		assert.Equal(t, want, training.Classes()[label])
	}
	assert.Len(t, cifarFine, 100)
	assert.Len(t, cifarCoarse, 20)
	assert.True(t, slices.IsSorted(cifarFine) && slices.IsSorted(cifarCoarse), "labels are in the order of the alphabet")
}

func TestOpenCIFARRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(dir string)
		want   string
	}{
		"a file is missing": {func(dir string) { os.Remove(filepath.Join(dir, "data_batch_3.bin")) }, "of cifar10, found no data_batch_3.bin: unpack"},
		"none is there":     {func(dir string) { os.RemoveAll(dir); os.Mkdir(dir, 0o755) }, "get cifar-10-binary.tar.gz (CIFAR's binary version) from https://"},
		"Python's": {func(dir string) {
			os.RemoveAll(dir)
			os.MkdirAll(filepath.Join(dir, "cifar-10-batches-py"), 0o755)
		}, "cifar-10-batches-py is of another version, which is not read; get cifar-10-binary.tar.gz"},
		"no folder": {func(dir string) { os.RemoveAll(dir) }, "the data folder"},
		"torn":      {func(dir string) { os.Truncate(filepath.Join(dir, "test_batch.bin"), 3073+5) }, "3078 bytes, expected a multiple of 3073 (a label and 32x32x3 values)"},
		"empty":     {func(dir string) { os.Truncate(filepath.Join(dir, "test_batch.bin"), 0) }, "the file is empty"},
		"a label": {func(dir string) {
			os.WriteFile(filepath.Join(dir, "data_batch_2.bin"), cifarRecords(2, func(i int) []byte { return []byte{byte(10 * i)} }), 0o644)
		}, "data_batch_2.bin: image 1 has the label 10, expected 0 to 9"},
		"a folder": {func(dir string) {
			os.Remove(filepath.Join(dir, "test_batch.bin"))
			os.Mkdir(filepath.Join(dir, "test_batch.bin"), 0o755)
		}, "test_batch.bin: expected a file, found a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			writeCIFAR10(t, dir)
			c.change(dir)
			_, err := OpenSplits("cifar10", Options{DataDir: dir})
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, err := Fetch(t.Context(), "cifar100", FetchOptions{})
	assert.ErrorContains(t, err, "cifar100 is not fetched: get cifar-100-binary.tar.gz")
}

func FuzzCIFAR(f *testing.F) {
	one, two := cifarRecords(1, func(int) []byte { return []byte{3} }), cifarRecords(2, func(int) []byte { return []byte{19, 99} })
	f.Add(one, int64(len(one)), false)
	f.Add(two, int64(len(two)), true)
	f.Add(one[:40], int64(3073), false)
	f.Fuzz(func(t *testing.T, b []byte, size int64, hundred bool) {
		k, _ := lookUp(map[bool]string{false: "cifar10", true: "cifar100"}[hundred])
		if size < 0 || size > 1<<22 { // of a file that there is
			size = int64(len(b))
		}
		records, err := k.cifar.records(size)
		if err != nil {
			return
		}
		var kept store
		labels, err := k.cifar.read(bytes.NewReader(b), records, &kept)
		if err != nil {
			return
		}
		n := int(size) / k.cifar.record()
		require.Len(t, labels, n)
		require.Len(t, kept.bytes, n*cifarPixels)
		// The planes of the records again.
		for i := range n {
			record := b[i*k.cifar.record():][:k.cifar.record()]
			require.Equal(t, record[k.cifar.label], labels[i])
			require.Less(t, int(labels[i]), len(k.classes))
			for p := range 32 * 32 {
				for c := range 3 {
					require.Equal(t, record[len(k.cifar.labels)+c*1024+p], kept.bytes[i*cifarPixels+3*p+c])
				}
			}
		}
	})
}
