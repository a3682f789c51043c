package data

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Images that are read from disk are those that are held in memory, to their fingerprint, whatever kind of file they come from.
func TestStreamOfFiles(t *testing.T) {
	cifar, emnist := t.TempDir(), writeSet(t, [4]string{
		"emnist-digits-train-images-idx3-ubyte", "emnist-digits-train-labels-idx1-ubyte", "emnist-digits-test-images-idx3-ubyte", "emnist-digits-test-labels-idx1-ubyte"}, 0)
	writeCIFAR10(t, cifar)
	reals := kerasArrays()
	reals["x_train"], reals["x_test"] = npyFloats([]float32{0, 51, 0.2, 0.3, 0.4, 255}, 3, 1, 2), npyFloats([]float32{0.5, 0, 0, 1}, 2, 1, 2)
	archive := func(arrays map[string][]byte) string {
		path := filepath.Join(t.TempDir(), "set.npz")
		require.NoError(t, os.WriteFile(path, npzBytes(t, arrays), 0o644))
		return path
	}
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	for kind, c := range map[string]struct{ name, dir string }{
		"IDX":                  {name: writeSet(t, plainNames, 0)},
		"gzip":                 {name: writeSet(t, mixedNames, 0)},
		"column by column":     {"emnist-digits", emnist},
		"CIFAR":                {"cifar10", cifar},
		"NumPy's bytes":        {name: archive(kerasArrays())},
		"NumPy's real numbers": {name: archive(reals)},
	} {
		t.Run(kind, func(t *testing.T) {
			o := Options{DataDir: c.dir}
			held, err := OpenSplits(c.name, o)
			require.NoError(t, err)
			assert.Empty(t, held.Storage)
			o.Pictures.Stream = true
			s, err := OpenSplits(c.name, o)
			require.NoError(t, err)
			assert.Regexp(t, `^The images, [\d.]+ (B|KiB), are read from disk as they are needed.\n$`, s.Storage)
			assert.IsType(t, &streamed{}, s.Training)
			assert.IsType(t, &streamed{}, s.Test)
			assert.Equal(t, fingerprints(t, held), fingerprints(t, s))
			for part, of := range map[Set]Set{s.Training: held.Training, s.Test: held.Test} {
				for _, s := range []Set{of, part} {
					assert.Equal(t, kind != "NumPy's real numbers", assertBytes(t, s))
				}
				want, labels := contentOf(t, of)
				x, same := contentOf(t, part)
				assert.Equal(t, want, x)
				assert.Equal(t, labels, same)
			}
			_, err = s.Test.Example(s.Test.Len(), make([]float32, product(s.Test.Shape())))
			assert.ErrorContains(t, err, "no example")
		})
	}
	assert.Empty(t, files(t, filepath.Join(cache, "cnn-gpu", "data", "streamed")), "nothing is left behind")
}

// Images that do not fit are not read where they cannot be left on disk, and the error says where that was tried.
func TestStreamOfFilesNeedsACacheFolder(t *testing.T) {
	cifar := t.TempDir()
	writeCIFAR10(t, cifar)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	archive := filepath.Join(t.TempDir(), "set.npz")
	require.NoError(t, os.WriteFile(archive, npzBytes(t, kerasArrays()), 0o644))
	t.Setenv("XDG_CACHE_HOME", file)
	for name, dir := range map[string]string{writeSet(t, plainNames, 0): "", "cifar10": cifar, archive: ""} {
		_, err := OpenSplits(name, Options{DataDir: dir, Pictures: PictureSetOptions{Stream: true}})
		assert.ErrorContains(t, err, "cannot be written to "+filepath.Join(file, "cnn-gpu", "data", "streamed")+": not a directory; make room there")
	}
	_, err := OpenSplits("digits", Options{Pictures: PictureSetOptions{Stream: true}})
	assert.ErrorContains(t, err, "digits is drawn in memory and in no file: leave out --stream")
}
