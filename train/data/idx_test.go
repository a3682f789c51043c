package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// idxBytes is an IDX file of unsigned bytes.
func idxBytes(values []byte, dims ...uint32) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, values...)
}

func gzipped(t testing.TB, content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(content)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

// array is what an IDX file holds.
type array struct {
	dims   []int
	values []byte
}

func readIDX(r io.Reader, size int64) (array, error) {
	x, err := readHeader(r, size)
	if err != nil {
		return array{}, err
	}
	var values []byte
	err = x.read(1, func(b []byte) { values = append(values, b...) })
	return array{x.dims, values}, err
}

func TestReadIDX(t *testing.T) {
	content := idxBytes([]byte{1, 2, 3, 4, 5, 6}, 1, 2, 3)
	for name, b := range map[string][]byte{"plain": content, "gzip": gzipped(t, content)} {
		t.Run(name, func(t *testing.T) {
			a, err := readIDX(iotest.OneByteReader(bytes.NewReader(b)), int64(len(b)))
			require.NoError(t, err)
			assert.Equal(t, []int{1, 2, 3}, a.dims)
			assert.Equal(t, []byte{1, 2, 3, 4, 5, 6}, a.values)
		})
	}
}

func TestReadIDXRefuses(t *testing.T) {
	good := idxBytes(make([]byte, 4000), 10, 20, 20)
	packed := gzipped(t, good)
	wrongSum := bytes.Clone(packed)
	wrongSum[len(wrongSum)-8] ^= 1
	floats := bytes.Clone(good)
	floats[2] = 13
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":                {nil, "expected a header of 4 bytes, found 0"},
		"three bytes":          {good[:3], "expected a header of 4 bytes, found 3"},
		"another format":       {[]byte{1, 2, 3, 4}, "begin with 00 00 08"},
		"floats":               {floats, "expected unsigned bytes (type 08), found float32 (type 0d)"},
		"no dimension":         {[]byte{0, 0, 8, 0}, "expected 1 to 4 dimensions, found 0"},
		"five dimensions":      {[]byte{0, 0, 8, 5}, "expected 1 to 4 dimensions, found 5"},
		"torn header":          {good[:10], "ends too early"},
		"torn":                 {good[:3000], "promises 10x20x20 = 4000 bytes, a file of 3000 bytes can not hold them"},
		"one byte short":       {good[:len(good)-1], "promises 10x20x20 = 4000 bytes"},
		"a byte too many":      {append(bytes.Clone(good), 0), "more follow"},
		"nothing":              {idxBytes(nil, 0, 28, 28), "dimension 1 of 3 is 0"},
		"terabytes":            {idxBytes(nil, 1<<31, 1<<10, 1<<10), "more than the 1.00 TiB"},
		"overflow":             {idxBytes(nil, 1<<31, 1<<31, 1<<31, 1<<31), "more than the 1.00 TiB"},
		"overflow below zero":  {idxBytes(nil, 0xfa303030, 0xff373131, 0x30303030), "more than the 1.00 TiB"},
		"packed terabytes":     {gzipped(t, idxBytes(nil, 1<<31, 1<<10, 1<<10)), "more than the 1.00 TiB"},
		"packed gigabyte":      {gzipped(t, idxBytes(nil, 1<<10, 1<<10, 1<<10)), "can not hold them"},
		"packed, short":        {gzipped(t, good[:3000]), "the file holds 2984: it is torn"},
		"packed, long":         {gzipped(t, append(bytes.Clone(good), 0)), "more follow"},
		"packed, torn":         {packed[:len(packed)-9], "ends too early"},
		"packed, torn sum":     {packed[:len(packed)-3], "ends too early"},
		"packed, wrong sum":    {wrongSum, "invalid checksum"},
		"packed, torn at once": {packed[:5], "ends too early"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readIDX(bytes.NewReader(c.file), int64(len(c.file)))
			assert.ErrorContains(t, err, c.want)
		})
	}
}

// A bomb unpacks to far more than its header says; what is kept is what the header says.
func TestReadIDXStopsABomb(t *testing.T) {
	bomb := gzipped(t, idxBytes(make([]byte, 64<<20), 1, 2, 2))
	_, err := readIDX(bytes.NewReader(bomb), int64(len(bomb)))
	assert.ErrorContains(t, err, "more follow")
}

// What is compressed may be several streams, and zeros fill a file up to a block.
func TestReadIDXBehindTheStream(t *testing.T) {
	content := idxBytes([]byte{1, 2, 3, 4, 5, 6}, 1, 2, 3)
	packed := gzipped(t, content)
	two := append(gzipped(t, content[:9]), gzipped(t, content[9:])...)
	for name, b := range map[string][]byte{
		"a zero":         append(bytes.Clone(packed), 0),
		"zeros":          append(bytes.Clone(packed), make([]byte, 5000)...),
		"two streams":    two,
		"two and zeros":  append(bytes.Clone(two), 0, 0),
		"an empty third": append(bytes.Clone(two), gzipped(t, nil)...),
	} {
		t.Run(name, func(t *testing.T) {
			a, err := readIDX(iotest.OneByteReader(bytes.NewReader(b)), int64(len(b)))
			require.NoError(t, err)
			assert.Equal(t, []byte{1, 2, 3, 4, 5, 6}, a.values)
		})
	}
	for name, behind := range map[string][]byte{
		"7 bytes of junk":                 []byte("\r\nhello"),
		"6 bytes of junk":                 {0, 0, 0, 0, 0, 1},
		"it ends too early":               packed[:8],
		"the file is damaged":             append(bytes.Clone(packed[:10]), bytes.Repeat([]byte{255}, 20)...),
		"= 6 bytes, more follow":          packed,
		"cut them off, or get the file a": []byte("x"),
	} {
		t.Run(name, func(t *testing.T) {
			b := append(bytes.Clone(packed), behind...)
			_, err := readIDX(bytes.NewReader(b), int64(len(b)))
			assert.ErrorContains(t, err, name)
		})
	}
}

func TestReadIDXNamesWhatElseItIs(t *testing.T) {
	tar := make([]byte, 1024)
	copy(tar, "train-images-idx3-ubyte")
	copy(tar[257:], "ustar")
	for want, b := range map[string][]byte{
		"but a web page (HTML)":                       []byte("\n<!DOCTYPE html>\n<html><body>Sign in</body></html>"),
		"but an XML document":                         []byte("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
		"but JSON":                                    []byte(`{"message": "Not Found"}`),
		"but a zip archive: unpack it":                append([]byte("PK\x03\x04"), make([]byte, 40)...),
		"but a Git LFS pointer, which stands for the": []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"),
		"git lfs pull":                                []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"),
		"but a git-annex pointer":                     []byte("/annex/objects/SHA256E-s26421880--3aede38d.gz\n"),
		"but a gzip file within a gzip file":          gzipped(t, idxBytes([]byte{1}, 1)),
		"but a tar archive: unpack it":                tar,
		"but an xz file: unpack it":                   []byte("\xfd7zXZ\x00\x00"),
		"but a bzip2 file: unpack it":                 []byte("BZh91AY&SY"),
		"but a NumPy array: give the IDX file":        []byte("\x93NUMPY\x01\x00v\x00"),
		"but a picture (image/png)":                   []byte("\x89PNG\r\n\x1a\n\x00\x00"),
		"but a text: give the IDX file":               []byte("5, 0, 4, 1, 9, 2, 1, 3, 1, 4"),
	} {
		t.Run(want, func(t *testing.T) {
			packed := gzipped(t, b)
			_, err := readIDX(bytes.NewReader(packed), int64(len(packed)))
			assert.ErrorContains(t, err, "not an IDX file but ")
			assert.ErrorContains(t, err, want)
			if want != "but a gzip file within a gzip file" { // which is the file, where it is not compressed once more
				_, err = readIDX(bytes.NewReader(b), int64(len(b)))
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestOpenIDXNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "train-images-idx3-ubyte")
	_, err := openIDX(path)
	assert.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o644))
	_, err = openIDX(path)
	assert.ErrorContains(t, err, "data: "+path+": not an IDX file")
	_, err = openIDX(dir)
	assert.ErrorContains(t, err, "expected a file, found a folder")
}

func TestOpenIDXDoesNotWaitOnAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "train-images-idx3-ubyte")
	require.NoError(t, syscall.Mkfifo(path, 0o644))
	_, err := openIDX(path)
	assert.ErrorContains(t, err, "expected a file, found a device or pipe")
}

func FuzzReadIDX(f *testing.F) {
	good := idxBytes([]byte{1, 2, 3, 4}, 1, 2, 2)
	f.Add(good)
	f.Add(gzipped(f, good))
	f.Add(idxBytes(nil, 1<<31, 1<<31, 1<<31, 1<<31))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := readIDX(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		assert.Len(t, a.values, product(a.dims))
		again, err := readIDX(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err)
		assert.Equal(t, a, again)
	})
}
