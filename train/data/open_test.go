package data

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writeSet writes the four files of a small set, three training and two test images of 2x3, under the
// given names, and returns their folder.
func writeSet(t *testing.T, names [4]string, firstLabel byte) string {
	dir := t.TempDir()
	contents := [4][]byte{
		idxBytes([]byte{0, 51, 102, 153, 204, 255, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2}, 3, 2, 3),
		idxBytes([]byte{firstLabel, firstLabel + 1, firstLabel + 1}, 3),
		idxBytes([]byte{3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4}, 2, 2, 3),
		idxBytes([]byte{firstLabel + 1, firstLabel}, 2),
	}
	for i, name := range names {
		b := contents[i]
		if filepath.Ext(name) == ".gz" {
			b = gzipped(t, b)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
	return dir
}

var (
	plainNames = [4]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}
	mixedNames = [4]string{"train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "test-images.idx3-ubyte", "t10k-labels.idx1-ubyte"}
)

func TestOpenFolder(t *testing.T) {
	for _, names := range [][4]string{plainNames, mixedNames} {
		dir := writeSet(t, names, 0)
		train, test, err := Open(dir, Options{})
		require.NoError(t, err)
		assert.Equal(t, dir, train.Name())
		assert.Equal(t, 3, train.Len())
		assert.Equal(t, 2, test.Len())
		assert.Equal(t, []int{2, 3, 1}, train.Shape())
		assert.Equal(t, []string{"0", "1"}, test.Classes())
		x := make([]float32, 6)
		label, err := train.Example(0, x)
		require.NoError(t, err)
		assert.Equal(t, int32(0), label)
		assert.Equal(t, []float32{0, 0.2, 0.4, 0.6, 0.8, 1}, x)
		label, err = test.Example(0, x)
		require.NoError(t, err)
		assert.Equal(t, int32(1), label)
		counts, err := Counts(train)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 2}, counts)
	}
}

func TestOpenColour(t *testing.T) {
	dir := writeSet(t, plainNames, 0)
	for name, n := range map[string]uint32{"train-images-idx3-ubyte": 3, "t10k-images-idx3-ubyte": 2} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), idxBytes(make([]byte, n*4*5*3), n, 4, 5, 3), 0o644))
	}
	train, _, err := Open(dir, Options{})
	require.NoError(t, err)
	assert.Equal(t, []int{4, 5, 3}, train.Shape())
}

func TestExampleRefuses(t *testing.T) {
	train, _, err := Open(writeSet(t, plainNames, 0), Options{})
	require.NoError(t, err)
	for _, i := range []int{-1, 3} {
		_, err = train.Example(i, make([]float32, 6))
		assert.ErrorContains(t, err, "the set holds 3")
	}
	_, err = train.Example(0, make([]float32, 5))
	assert.ErrorContains(t, err, "needs room for 6 values, got 5")
}

func TestOpenKnownInDataDir(t *testing.T) {
	flat := writeSet(t, plainNames, 0)
	named := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.MkdirAll(named, 0o755))
	require.NoError(t, os.Rename(writeSet(t, mixedNames, 0), filepath.Join(named, "mnist")))
	torchvision := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(torchvision, "MNIST"), 0o755))
	require.NoError(t, os.Rename(writeSet(t, plainNames, 0), filepath.Join(torchvision, "MNIST", "raw")))
	for _, dir := range []string{flat, named, torchvision} {
		train, _, err := Open("mnist", Options{DataDir: dir})
		require.NoError(t, err)
		assert.Equal(t, "mnist", train.Name())
		assert.Len(t, train.Classes(), 10)
	}
}

func TestOpenKnownInCache(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	_, _, err := Open("kmnist", Options{})
	var missing *NotFoundError
	require.ErrorAs(t, err, &missing)
	dir, dirErr := CacheDir("kmnist")
	require.NoError(t, dirErr)
	assert.Equal(t, []string{dir}, missing.Places)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "cnn-gpu data fetch kmnist")
	assert.ErrorContains(t, err, "--data-dir DIR")

	require.NoError(t, os.MkdirAll(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Rename(writeSet(t, plainNames, 0), dir))
	train, _, err := Open("kmnist", Options{})
	require.NoError(t, err)
	assert.Equal(t, "ki", train.Classes()[1])
}

// EMNIST's files keep their images column by column and number the letters from 1.
func TestOpenEMNIST(t *testing.T) {
	dir := writeSet(t, [4]string{
		"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte.gz",
		"emnist-letters-test-images-idx3-ubyte.gz", "emnist-letters-test-labels-idx1-ubyte"}, 1)
	train, test, err := Open("emnist-letters", Options{DataDir: dir})
	require.NoError(t, err)
	assert.Equal(t, []int{3, 2, 1}, train.Shape())
	x := make([]float32, 6)
	label, err := train.Example(0, x)
	require.NoError(t, err)
	assert.Equal(t, "A", train.Classes()[label])
	assert.Equal(t, []float32{0, 0.6, 0.2, 0.8, 0.4, 1}, x)
	label, err = test.Example(0, x)
	require.NoError(t, err)
	assert.Equal(t, "B", test.Classes()[label])

	_, _, err = Open(dir, Options{})
	assert.ErrorContains(t, err, "holds files of emnist-letters: name the set")
	_, _, err = Open("emnist-digits", Options{DataDir: dir})
	assert.ErrorContains(t, err, "NIST publishes EMNIST")
}

func TestEMNISTClasses(t *testing.T) {
	for name, n := range map[string]int{"emnist-balanced": 47, "emnist-byclass": 62, "emnist-bymerge": 47,
		"emnist-digits": 10, "emnist-letters": 26, "emnist-mnist": 10} {
		k, ok := lookUp(name)
		require.True(t, ok, name)
		assert.Len(t, k.classes, n, name)
	}
}

func TestOpenRefuses(t *testing.T) {
	write := func(name string, b []byte) func(dir string) {
		return func(dir string) { require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o644)) }
	}
	for name, c := range map[string]struct {
		change func(dir string)
		want   string
	}{
		"torn images":         {write("train-images-idx3-ubyte", idxBytes(nil, 3, 2, 3)), "train-images-idx3-ubyte: the header promises 3x2x3"},
		"fewer labels":        {write("train-labels-idx1-ubyte", idxBytes([]byte{0, 1}, 2)), "holds 3 images, "},
		"labels as images":    {write("train-images-idx3-ubyte", idxBytes([]byte{0, 1, 2}, 3)), "expected images, as 3 or 4 dimensions"},
		"images as labels":    {write("t10k-labels-idx1-ubyte", idxBytes([]byte{0, 1}, 2, 1)), "expected labels, as 1 dimension, found 2"},
		"label out of range":  {write("t10k-labels-idx1-ubyte", idxBytes([]byte{0, 2}, 2)), "t10k-labels-idx1-ubyte: label 1 is 2, expected 0 to 1"},
		"a gap in the labels": {write("train-labels-idx1-ubyte", idxBytes([]byte{0, 1, 255}, 3)), "there is a label 255 but none is 2"},
		"two shapes":          {write("t10k-images-idx3-ubyte", idxBytes(make([]byte, 12), 2, 3, 2)), "have shape [2 3 1], those of"},
		"a file is missing":   {func(dir string) { os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte")) }, "expected a file test-labels-idx1-ubyte"},
		"a folder as a file": {func(dir string) {
			os.Remove(filepath.Join(dir, plainNames[0]))
			os.Mkdir(filepath.Join(dir, plainNames[0]), 0o755)
		}, "found a folder"},
		"no file is there": {func(dir string) {
			for _, n := range plainNames {
				os.Remove(filepath.Join(dir, n))
			}
		}, "or IDX files"},
		"the folder is a file": {func(dir string) { os.RemoveAll(dir); os.WriteFile(dir, nil, 0o644) }, "is a file: give the folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeSet(t, plainNames, 0)
			c.change(dir)
			_, _, err := Open(dir, Options{})
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, _, err := Open("nist", Options{})
	assert.ErrorContains(t, err, "did you mean mnist?")
	for _, name := range []string{"", "imagenet"} {
		_, _, err = Open(name, Options{})
		assert.ErrorContains(t, err, "digits, mnist, fashion-mnist")
	}
	_, _, err = Open("mnist", Options{DataDir: filepath.Join(t.TempDir(), "none")})
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestKnownLabelsOutOfRange(t *testing.T) {
	_, _, err := Open("mnist", Options{DataDir: writeSet(t, plainNames, 9)})
	assert.ErrorContains(t, err, "label 1 is 10, expected 0 to 9")
	dir := writeSet(t, [4]string{"emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte",
		"emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"}, 0)
	_, _, err = Open("emnist-letters", Options{DataDir: dir})
	assert.ErrorContains(t, err, "label 0 is 0, expected 1 to 26")
}

// Archives that are unpacked each into a folder of its own leave the folders, or folders and files.
func TestOpenFoldersThatBearTheFilesNames(t *testing.T) {
	flat := writeSet(t, plainNames, 0)
	deep, both := t.TempDir(), writeSet(t, mixedNames, 0)
	for _, name := range plainNames {
		b, err := os.ReadFile(filepath.Join(flat, name))
		require.NoError(t, err)
		for _, dir := range []string{deep, both} {
			require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		}
		require.NoError(t, os.WriteFile(filepath.Join(deep, name, name), b, 0o644))
	}
	for _, dir := range []string{deep, both} {
		train, test, err := Open(dir, Options{})
		require.NoError(t, err)
		assert.Equal(t, 3, train.Len())
		assert.Equal(t, 2, test.Len())
		_, _, err = Open("mnist", Options{DataDir: dir})
		require.NoError(t, err)
	}
}

// A set of one's own has files that begin with its name, or a folder that bears it.
func TestOpenOwnNameInDataDir(t *testing.T) {
	var names [4]string
	for i, name := range plainNames {
		names[i] = "cats-" + name
	}
	prefixed := writeSet(t, names, 0)
	_, _, err := Open(prefixed, Options{})
	require.ErrorContains(t, err, "holds files of cats: name the set, as in --data cats --data-dir "+prefixed)
	parent, plainParent := t.TempDir(), t.TempDir()
	require.NoError(t, os.Rename(writeSet(t, names, 0), filepath.Join(parent, "cats")))
	require.NoError(t, os.Rename(writeSet(t, plainNames, 0), filepath.Join(plainParent, "cats")))
	for _, dir := range []string{prefixed, parent, plainParent} {
		train, test, err := Open("cats", Options{DataDir: dir})
		require.NoError(t, err, dir)
		assert.Equal(t, "cats", train.Name())
		assert.Equal(t, []string{"0", "1"}, test.Classes())
	}

	for name, want := range map[string]string{
		"dogs":   "found no files of dogs in " + prefixed + ", " + filepath.Join(prefixed, "dogs") + "; " + prefixed + " holds files of cats: name the set, as in --data cats",
		"mnst":   "did you mean mnist?",
		"mnist":  "holds files of cats: name the set",
		"./cats": "./cats is a folder by itself: leave out --data-dir",
		".":      "is a folder by itself: leave out --data-dir",
		parent:   "is a folder by itself: leave out --data-dir",
	} {
		_, _, err := Open(name, Options{DataDir: prefixed})
		assert.ErrorContains(t, err, want, name)
	}
	_, _, err = Open("zebras", Options{DataDir: prefixed})
	assert.ErrorContains(t, err, "its files would be called zebras-train-images-idx3-ubyte and so on")
	t.Chdir(parent)
	_, _, err = Open("cats", Options{DataDir: t.TempDir()})
	assert.ErrorContains(t, err, "to read the folder cats, leave out --data-dir")
	_, _, err = Open("digits", Options{DataDir: prefixed})
	assert.ErrorContains(t, err, "digits is built in: name the set whose files are in "+prefixed)
	_, _, err = Open("emnist-mnist", Options{DataDir: writeSet(t, plainNames, 0)})
	assert.ErrorContains(t, err, "name no set: read them as a folder, with --data ")
}

// What downloads and editors make of a file's name is said.
func TestOpenSaysWhatItSaw(t *testing.T) {
	for _, name := range []string{"train-images-idx3-ubyte (1).gz", "TRAIN-IMAGES-IDX3-UBYTE", "train-images-idx3-ubyte.txt", "train_images.idx3"} {
		dir := writeSet(t, plainNames, 0)
		require.NoError(t, os.Rename(filepath.Join(dir, plainNames[0]), filepath.Join(dir, name)))
		_, _, err := Open(dir, Options{})
		assert.ErrorContains(t, err, "expected a file train-images-idx3-ubyte")
		assert.ErrorContains(t, err, `there is "`+name+`"`)
		for _, other := range plainNames[1:] {
			require.NoError(t, os.Remove(filepath.Join(dir, other)))
		}
		_, _, err = Open(dir, Options{})
		assert.ErrorContains(t, err, `found none; there is "`+name+`"`)
		_, _, err = Open("mnist", Options{DataDir: dir})
		assert.ErrorContains(t, err, `; there is "`+name+`"`)
		assert.ErrorIs(t, err, fs.ErrNotExist)
	}
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+" train images"), nil, 0o644))
	}
	_, _, err := Open(dir, Options{})
	assert.ErrorContains(t, err, `"d train images", 2 more: `)
}
