package data

import (
	"archive/zip"
	"bytes"
	"cnn-gpu/internal/npy"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// npyBytes is an array in version 1 of NumPy's format.
func npyBytes(descr string, values []byte, dims ...int) []byte {
	shape := strings.Trim(fmt.Sprint(dims), "[]")
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }\n", descr, strings.ReplaceAll(shape, " ", ", "))
	b := binary.LittleEndian.AppendUint16([]byte(npy.Magic+"\x01\x00"), uint16(len(header)))
	return append(append(b, header...), values...)
}

func npyFloats(values []float32, dims ...int) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return npyBytes("<f4", b, dims...)
}

// npzBytes is an archive of arrays, as np.savez_compressed writes it.
func npzBytes(t testing.TB, arrays map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		w, err := z.Create(name + ".npy")
		require.NoError(t, err)
		_, err = w.Write(arrays[name])
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// kerasArrays are those of a set of three training and two test images of 2x3.
func kerasArrays() map[string][]byte {
	return map[string][]byte{
		"x_train": npyBytes("|u1", []byte{0, 51, 102, 153, 204, 255, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2}, 3, 2, 3),
		"y_train": npyBytes("|u1", []byte{0, 1, 1}, 3),
		"x_test":  npyBytes("|u1", []byte{3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4}, 2, 2, 3),
		"y_test":  npyBytes("|u1", []byte{1, 0}, 2),
	}
}

func openArrays(t testing.TB, arrays map[string][]byte, o PictureSetOptions) (Splits, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "set.npz")
	require.NoError(t, os.WriteFile(path, npzBytes(t, arrays), 0o644))
	return OpenSplits(path, Options{Pictures: o})
}

// contentOf is all images of a set, and its labels.
func contentOf(t testing.TB, s Set) (x []float32, labels []int32) {
	t.Helper()
	for i := range s.Len() {
		one := make([]float32, product(s.Shape()))
		label, err := s.Example(i, one)
		require.NoError(t, err)
		x, labels = append(x, one...), append(labels, label)
	}
	return x, labels
}

// An archive in Keras's words is the set that the same values in IDX files are, to its fingerprint.
func TestNPZIsWhatIDXFilesAre(t *testing.T) {
	idx, err := OpenSplits(writeSet(t, plainNames, 0), Options{})
	require.NoError(t, err)
	npz, err := openArrays(t, kerasArrays(), PictureSetOptions{})
	require.NoError(t, err)
	assert.Nil(t, npz.Validation)
	assert.Zero(t, npz.TestShare)
	for _, sets := range [][2]Set{{idx.Training, npz.Training}, {idx.Test, npz.Test}} {
		want, err := FingerprintOf(sets[0])
		require.NoError(t, err)
		got, err := FingerprintOf(sets[1])
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestNPZNames(t *testing.T) {
	arrays := map[string][]byte{ // as MedMNIST has them: colours, and labels in a column
		"train_images": npyBytes("|u1", make([]byte, 3*2*2*3), 3, 2, 2, 3),
		"train_labels": npyBytes("<i8", []byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, 3, 1),
		"val_images":   npyBytes("|u1", make([]byte, 2*2*3), 1, 2, 2, 3),
		"val_labels":   npyBytes("|u1", []byte{1}, 1, 1),
		"test_images":  npyBytes("|u1", make([]byte, 2*2*3), 1, 2, 2, 3),
		"test_labels":  npyBytes("|u1", []byte{1}, 1, 1),
		"authors":      []byte("no array"),
	}
	s, err := openArrays(t, arrays, PictureSetOptions{})
	require.NoError(t, err)
	assert.Equal(t, []int{2, 2, 3}, s.Training.Shape())
	assert.Equal(t, []string{"0", "1"}, s.Validation.Classes())
	_, labels := contentOf(t, s.Training)
	assert.Equal(t, []int32{0, 1, 1}, labels)
	_, labels = contentOf(t, s.Validation)
	assert.Equal(t, []int32{1}, labels)
}

// A set in one piece is parted by the seed.
func TestNPZInOnePiece(t *testing.T) {
	const n = 20
	pixels, labels := make([]byte, n), make([]byte, n)
	for i := range pixels {
		pixels[i], labels[i] = byte(i), byte(i%2)
	}
	arrays := map[string][]byte{"X": npyBytes("|u1", pixels, n, 1, 1), "y": npyBytes("|b1", labels, n)}
	open := func(o PictureSetOptions) (s Splits) {
		s, err := openArrays(t, arrays, o)
		require.NoError(t, err)
		assert.Equal(t, n, s.Training.Len()+s.Test.Len())
		return s
	}
	first := open(PictureSetOptions{Seed: 1})
	assert.InDelta(t, DefaultTestShare, first.TestShare, 0)
	assert.Equal(t, 4, first.Test.Len())
	assert.Equal(t, 10, open(PictureSetOptions{Seed: 1, TestShare: 0.5}).Test.Len())
	x, _ := contentOf(t, first.Test)
	same, _ := contentOf(t, open(PictureSetOptions{Seed: 1}).Test)
	other, _ := contentOf(t, open(PictureSetOptions{Seed: 2}).Test)
	assert.Equal(t, x, same)
	assert.NotEqual(t, x, other)
	_, err := openArrays(t, arrays, PictureSetOptions{TestShare: 2})
	assert.ErrorContains(t, err, "a share of 2 to set apart")
}

func TestNPZOfFloats(t *testing.T) {
	open := func(training, test []float32) (Splits, error) {
		arrays := kerasArrays()
		arrays["x_train"], arrays["x_test"] = npyFloats(training, 3, 1, 2), npyFloats(test, 2, 1, 2)
		return openArrays(t, arrays, PictureSetOptions{})
	}
	s, err := open([]float32{0, 0.1, 0.2, 0.3, 0.4, 1}, []float32{0.5, 0, 0, 1})
	require.NoError(t, err)
	x, labels := contentOf(t, s.Training)
	assert.Equal(t, []float32{0, 0.1, 0.2, 0.3, 0.4, 1}, x)
	assert.Equal(t, []int32{0, 1, 1}, labels)

	s, err = open([]float32{0, 51, 0.2, 0.3, 0.4, 255}, []float32{0.5, 0, 0, 1})
	require.NoError(t, err)
	x, _ = contentOf(t, s.Training)
	assert.Equal(t, []float32{0, 51. / 255, float32(0.2) / 255, float32(0.3) / 255, float32(0.4) / 255, 1}, x)
	x, _ = contentOf(t, s.Test)
	assert.Equal(t, float32(1)/255, x[3], "the training images' scale")

	_, err = open([]float32{0, 0, 0, 0, 0, 1}, []float32{0, 0, 0, 2})
	assert.ErrorContains(t, err, "set.npz: x_test: values up to 2, where those of the training images are up to 1")
	for _, v := range []float32{-0.5, 255.5, float32(math.NaN()), float32(math.Inf(1))} {
		_, err = open([]float32{0, 0, v, 0, 0, 1}, make([]float32, 4))
		assert.ErrorContains(t, err, fmt.Sprintf("set.npz: x_train: value 2 is %v: expected pixels from 0 to 1 or to 255", v))
	}
}

// numpyArray reads an array that NumPy wrote.
func numpyArray(t *testing.T, name string) (*npy.Array, error) {
	t.Helper()
	archive, err := zip.OpenReader(filepath.Join("testdata", "numpy.npz"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = archive.Close() })
	for _, m := range archive.File {
		if m.Name == name+".npy" {
			in, err := m.Open()
			require.NoError(t, err)
			return npy.Read(in, int64(m.UncompressedSize64), maxValues)
		}
	}
	require.Fail(t, "no array "+name)
	return nil, nil
}

func valuesOf(t *testing.T, name string) (values []float64, dims []int) {
	t.Helper()
	a, err := numpyArray(t, name)
	require.NoError(t, err, name)
	require.NoError(t, a.Each(func(_ int, v float64) error { values = append(values, v); return nil }))
	return values, a.Dims
}

// What NumPy writes is read, type by type.
func TestNPYAsNumPyWritesIt(t *testing.T) {
	for name := range npy.Types {
		prefix := "labels_"
		if npy.Types[name].Real {
			prefix = "images_"
		}
		names := []string{prefix + name}
		switch name {
		case "u2", "i4", "i8", "f2", "f4", "f8":
			names = append(names, prefix+">"+name)
		}
		for _, name := range names {
			values, dims := valuesOf(t, name)
			switch {
			case prefix == "images_":
				assert.Equal(t, []int{4, 2, 3}, dims)
				for i, v := range values {
					assert.InDelta(t, float64(10*i)/256, v, 0, name)
				}
			case name == "labels_b1":
				assert.Equal(t, []float64{1, 0, 0, 1}, values)
			default:
				assert.Equal(t, []int{4}, dims)
				assert.Equal(t, []float64{1, 0, 2, 1}, values, name)
			}
		}
	}
	values, _ := valuesOf(t, "images_u1")
	assert.InDelta(t, 230, values[23], 0)
	values, dims := valuesOf(t, "scalar")
	assert.Equal(t, []float64{7}, values)
	assert.Empty(t, dims)

	halves, _ := valuesOf(t, "halves")
	smallest := math.Ldexp(1, -24)
	want := []float64{0, math.Copysign(0, -1), 1, -2, 65504, math.Ldexp(1, -14), smallest, 1023 * smallest, math.Inf(1), math.Inf(-1), math.NaN(), 1638.0 / 16384}
	for i, v := range halves {
		assert.Equal(t, math.Float64bits(want[i]), math.Float64bits(v), "%v for %v", v, want[i])
	}
	for name, want := range map[string]string{
		"columns": "in Fortran's order: save np.ascontiguousarray of it",
		"objects": `values of the type "|O", which is not read: save numbers`,
		"records": "expected an array of plain numbers",
	} {
		_, err := numpyArray(t, name)
		assert.ErrorContains(t, err, want)
	}
}

func TestNPZRefusals(t *testing.T) {
	images := func(dims ...int) []byte { return npyBytes("|u1", make([]byte, product(dims)), dims...) }
	long := npyBytes("|u1", []byte{1, 2}, 1<<20, 1<<20, 1<<20)
	unknown := npyBytes("|u1", []byte{1}, 1)
	unknown[len(npy.Magic)] = 9
	wide := append([]byte(npy.Magic+"\x02\x00\xff\xff\xff\x7f"), make([]byte, 100)...)
	for want, arrays := range map[string]map[string][]byte{
		"expected the arrays x_train, y_train, x_test and y_test, and perhaps x_val and y_val, or x and y alone; there is no x_train (found none)": {},
		"there is no x_train (found images and more)":                                                       {"x_train": nil, "y_train": nil, "x_test": nil, "y_test": nil, "images": {}, "more": {}},
		"there is no y_train (found x_train, x_test and y_test)":                                            {"y_train": nil},
		"there is no x_test (found x_train and y_train)":                                                    {"x_test": nil, "y_test": nil},
		"there is no y_val ":                                                                                {"x_val": images(1, 2, 3)},
		"there is no y (found x)":                                                                           {"x_train": nil, "y_train": nil, "x_test": nil, "y_test": nil, "x": images(3, 2, 3)},
		"are there, which mean the same: keep one of them":                                                  {"train_images": images(3, 2, 3)},
		"x_train: expected images, [n height width] or [n height width channels], found [3 6]":              {"x_train": images(3, 6)},
		"x_train: expected pixels as uint8 from 0 to 255 or as floats from 0 to 1 or to 255, found int16":   {"x_train": npyBytes("<i2", make([]byte, 36), 3, 2, 3)},
		"y_train: expected labels, [n] or [n 1], found [3 10]: if a row has a 1 for its class, save y.argm": {"y_train": images(3, 10)},
		"y_train: expected labels, [n] or [n 1], found [3 1 1]":                                             {"y_train": images(3, 1, 1)},
		"y_train: expected labels as whole numbers from 0, found float32: save y.astype(np.uint8)":          {"y_train": npyFloats(make([]float32, 3), 3)},
		"x_train holds 3 images, y_train holds 4 labels: expected as many":                                  {"y_train": images(4)},
		"the images of x_train have shape [2 3 1], those of x_test [3 2 1]: expected the same":              {"x_test": images(2, 3, 2)},
		"x_train is of uint8, x_test of float32: expected both of bytes or both of floats":                  {"x_test": npyFloats(make([]float32, 12), 2, 2, 3)},
		"y_train: there is a label 3 but none is 2: expected labels from 0 with no gap":                     {"y_train": npyBytes("|u1", []byte{0, 3, 1}, 3)},
		"y_train: label 1 is -1, expected 0 to 255":                                                         {"y_train": npyBytes("|i1", []byte{0, 255, 1}, 3)},
		"y_train: label 2 is 256, expected 0 to 255":                                                        {"y_train": npyBytes("<u2", []byte{0, 0, 1, 0, 0, 1}, 3)},
		"y_test: label 0 is 2, expected 0 to 1":                                                             {"y_test": npyBytes("|u1", []byte{2, 0}, 2)},
		"x_train: not a NumPy array: expected it to begin with 93 4e 55 4d 50 59, found 73 6f 6d 65":        {"x_train": []byte("something else")},
		"x_train: the file is torn: it ends too early":                                                      {"x_train": []byte(npy.Magic)},
		"x_train: expected version 1 to 3 of NumPy's format, found 9":                                       {"x_train": unknown},
		"x_train: a header of 2147483647 bytes, expected at most 65535":                                     {"x_train": wide},
		"x_train: expected an array of plain numbers, with descr, fortran_order and shape in its header":    {"x_train": append([]byte(npy.Magic+"\x01\x00\x02\x00"), "{}"...)},
		`x_train: values of the type "<c8", which is not read`:                                              {"x_train": npyBytes("<c8", make([]byte, 8), 1)},
		"x_train: dimension 2 is 0: the array holds nothing":                                                {"x_train": images(3, 0, 2)},
		"values of uint8, more than the 1.00 TiB that are read":                                             {"x_train": long},
		"x_train: the header promises 3x2x3 values of uint8, ":                                              {"x_train": images(3, 2, 3)[:80]},
	} {
		t.Run(want, func(t *testing.T) {
			all := kerasArrays()
			for name, content := range arrays {
				if all[name] = content; content == nil {
					delete(all, name)
				}
			}
			if len(arrays) == 0 {
				all = nil
			}
			_, err := openArrays(t, all, PictureSetOptions{})
			require.Error(t, err)
			assert.Contains(t, err.Error(), "set.npz: ")
			assert.Contains(t, err.Error(), want)
		})
	}
}

func TestNPZThatIsDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.npz")
	open := func(b []byte) error {
		require.NoError(t, os.WriteFile(path, b, 0o644))
		_, err := OpenSplits(path, Options{})
		return err
	}
	assert.ErrorContains(t, open(nil), "set.npz: the file is empty")
	assert.ErrorContains(t, open([]byte("something else")), "set.npz: not an archive as np.savez writes it")
	assert.ErrorContains(t, open(npyBytes("|u1", []byte{1}, 1)), "this is one NumPy array, expected an archive of them")
	assert.ErrorContains(t, open(kerasZip(t, func(h *zip.FileHeader) { h.Flags |= 1 })), "it is encrypted: save it without a password")
	assert.ErrorContains(t, open(kerasZip(t, func(h *zip.FileHeader) { h.Method = 77 })), "it is compressed in a way that is not read")
	assert.ErrorContains(t, open(kerasZip(t, func(h *zip.FileHeader) { h.CRC32 ^= 1 })), "the file is damaged: zip: checksum error")
	assert.ErrorContains(t, open(kerasZip(t, func(h *zip.FileHeader) { h.UncompressedSize64 = 1 << 31 })), "made to take up memory")
	assert.NoError(t, open(kerasZip(t, func(*zip.FileHeader) {})))

	// A header that agrees with the archive's lie is found out as the values end, and takes what it promises at most.
	lying := npyBytes("|u1", nil, 1000, 1000, 1000)
	assert.ErrorContains(t, open(kerasZip(t, func(h *zip.FileHeader) { h.UncompressedSize64 = uint64(len(lying)) + 1e9 })), "made to take up memory")
	_, err := OpenSplits(filepath.Join(t.TempDir(), "none.npz"), Options{})
	assert.ErrorContains(t, err, "there is no data set and no folder")
}

// kerasZip is an archive, not compressed, whose entry for x_train was changed behind its back.
func kerasZip(t *testing.T, change func(h *zip.FileHeader)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range kerasArrays() {
		h := &zip.FileHeader{
			Name: name + ".npy", Method: zip.Store, CRC32: crc32.ChecksumIEEE(content),
			CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content)),
		}
		if name == "x_train" {
			change(h)
		}
		w, err := z.CreateRaw(h)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func FuzzNPZ(f *testing.F) {
	f.Add(npzBytes(f, kerasArrays()))
	f.Add(npzBytes(f, map[string][]byte{"x": npyFloats([]float32{0, 1, 2, 3}, 4, 1, 1), "y": npyBytes("<i4", make([]byte, 16), 4, 1)}))
	for _, b := range kerasArrays() {
		f.Add(npzBytes(f, map[string][]byte{"x": b, "y": b}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		open := func() (Splits, error) {
			return readNPZ("set.npz", bytes.NewReader(b), int64(len(b)), PictureSetOptions{})
		}
		s, err := open()
		if err != nil {
			return
		}
		again, err := open()
		require.NoError(t, err)
		for _, sets := range [][2]Set{{s.Training, again.Training}, {s.Test, again.Test}} {
			x, labels := contentOf(t, sets[0])
			for _, v := range x {
				require.True(t, v >= 0 && v <= 1)
			}
			for _, label := range labels {
				require.Less(t, int(label), len(sets[0].Classes()))
			}
			x2, labels2 := contentOf(t, sets[1])
			assert.Equal(t, x, x2)
			assert.Equal(t, labels, labels2)
		}
	})
}

// FuzzNPY reads arrays by themselves: an archive's checksums keep a fuzzer from getting at them.
func FuzzNPY(f *testing.F) {
	f.Add(npyBytes("|u1", []byte{1, 2, 3, 4}, 2, 2))
	f.Add(npyFloats([]float32{0, 1, -2, 3}, 4, 1, 1))
	f.Add([]byte(npy.Magic + "\x02\x00\x10\x00\x00\x00{'shape': (1L,), "))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := npy.Read(bytes.NewReader(b), int64(len(b)), maxValues)
		if err != nil {
			return
		}
		n := int64(0)
		require.NoError(t, a.Each(func(i int, _ float64) error { n++; return nil }))
		assert.Equal(t, a.Count, n)
		assert.Equal(t, int64(product(a.Dims)), n)
	})
}
