package safetensors_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model/safetensors"
)

var example = safetensors.File{
	Metadata: map[string]string{"b": "<&>\n\"", "a": "한국어"},
	Tensors: []safetensors.Tensor{
		{Name: "z/kernel", DType: safetensors.F32, Shape: []int{2, 3}, Float32: []float32{0, -1.5, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(-1)), 6}},
		{Name: "counts", DType: safetensors.I32, Shape: []int{2}, Int32: []int32{math.MinInt32, math.MaxInt32}},
		{Name: "scalar", DType: safetensors.F32, Shape: []int{}, Float32: []float32{3}},
		{Name: "empty", DType: safetensors.F32, Shape: []int{3, 0}, Float32: []float32{}},
	},
}

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	require.NoError(t, safetensors.Write(path, &example))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	header := `{"__metadata__":{"a":"한국어","b":"<&>\n\"","cnn-gpu.format":"1","cnn-gpu.sha256":"` + sumOf(text) + `"},` +
		`"z/kernel":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"counts":{"dtype":"I32","shape":[2],"data_offsets":[24,32]},` +
		`"scalar":{"dtype":"F32","shape":[],"data_offsets":[32,36]},"empty":{"dtype":"F32","shape":[3,0],"data_offsets":[36,36]}}`
	length := int(binary.LittleEndian.Uint64(text))
	assert.Zero(t, (8+length)%64)
	assert.Equal(t, header, string(bytes.TrimRight(text[8:8+length], " ")))
	assert.Equal(t, []byte{0, 0, 0xc0, 0xbf}, text[8+length+4:8+length+8]) // −1.5
	assert.Len(t, text, 8+length+36)

	f, err := safetensors.Read(path)
	require.NoError(t, err)
	assert.Equal(t, sumOf(text), f.Checksum)
	f.Checksum = ""
	assert.Equal(t, &example, f)
	k, ok := f.Tensor("counts")
	assert.True(t, ok)
	assert.Equal(t, example.Tensors[1], k)
	_, ok = f.Tensor("count")
	assert.False(t, ok)

	require.NoError(t, safetensors.Write(path, &safetensors.File{}))
	f, err = safetensors.Read(path)
	require.NoError(t, err)
	assert.Empty(t, f.Tensors)
}

// sumOf is the checksum of a file's bytes, by the formula: with zeros where its own digits stand.
func sumOf(text []byte) string {
	digits := regexp.MustCompile(`"cnn-gpu.sha256":"([0-9a-f]{64})"`).FindSubmatchIndex(text)[2:]
	zeroed := bytes.Clone(text)
	copy(zeroed[digits[0]:digits[1]], strings.Repeat("0", 64))
	sum := sha256.Sum256(zeroed)
	return hex.EncodeToString(sum[:])
}

// Each bit that may turn in a file is noticed, in the header and the checksum too.
func TestReadDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	require.NoError(t, safetensors.Write(path, &example))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := range text {
		for bit := range 8 {
			text[i] ^= 1 << bit
			_, err := safetensors.Decode("damaged.safetensors", bytes.NewReader(text), int64(len(text)))
			require.ErrorContains(t, err, "safetensors: damaged.safetensors: ", "bit %d of byte %d of %q", bit, i, text)
			text[i] ^= 1 << bit
		}
	}
	text[len(text)-1] ^= 1
	_, err = safetensors.Decode("damaged.safetensors", bytes.NewReader(text), int64(len(text)))
	var damaged *safetensors.ChecksumError
	require.ErrorAs(t, err, &damaged)
	assert.EqualError(t, err, "safetensors: damaged.safetensors: it is damaged: its checksum is "+damaged.Want[:12]+"…, that of its bytes is "+damaged.Got[:12]+"…")
}

// Files of others have no checksum; one that is there must be whole and of a kind that is known.
func TestReadChecksums(t *testing.T) {
	for metadata, want := range map[string]string{
		`{"a":"1"}`:                 "",
		`{"cnn-gpu.format":"1"}`:    "its checksum is missing",
		`{"cnn-gpu.sha256":"0123"}`: "its checksum is missing or has another length",
		`{"cnn-gpu.sha256" :"` + strings.Repeat("0", 64) + `"}`:                     "its checksum is not where one is written",
		`{"cnn-gpu.sha256":"` + strings.Repeat("0", 64) + `"}`:                      `its metadata say cnn-gpu.format ""; this version knows "1"`,
		`{"cnn-gpu.sha256":"` + strings.Repeat("0", 64) + `","cnn-gpu.format":"2"}`: "written by a later version of this program",
		`{"cnn-gpu.sha256":"` + strings.Repeat("0", 64) + `","cnn-gpu.format":"1"}`: "its checksum is 000000000000…, that of its bytes is ",
	} {
		text := file(`{"__metadata__":`+metadata+`}`, 0)
		f, err := safetensors.Decode("w", bytes.NewReader(text), int64(len(text)))
		if want != "" {
			assert.ErrorContains(t, err, want, metadata)
			continue
		}
		require.NoError(t, err)
		assert.Empty(t, f.Checksum)
	}
	err := safetensors.Write(filepath.Join(t.TempDir(), "w"), &safetensors.File{Metadata: map[string]string{"cnn-gpu.format": "1"}})
	assert.ErrorContains(t, err, `metadata "cnn-gpu.format" is the checksum's; choose another key`)
}

// The header may list the tensors in any order.
func TestReadUnordered(t *testing.T) {
	text := file(`{"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 8)
	text[len(text)-8] = 1
	f, err := safetensors.Decode("unordered", bytes.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	assert.Equal(t, []safetensors.Tensor{
		{Name: "a", DType: safetensors.F32, Shape: []int{1}, Float32: []float32{math.Float32frombits(1)}},
		{Name: "b", DType: safetensors.F32, Shape: []int{1}, Float32: []float32{0}},
	}, f.Tensors)
}

// Every place at which a file can be cut off is noticed.
func TestReadCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	require.NoError(t, safetensors.Write(path, &example))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := range len(text) {
		_, err := safetensors.Decode("cut.safetensors", bytes.NewReader(text[:n]), int64(n))
		require.ErrorContains(t, err, "safetensors: cut.safetensors: ", "%d bytes", n)
	}
}

// file is a file with the given header and number of bytes of data.
func file(header string, data int) []byte {
	text := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(text, header...), make([]byte, data)...)
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct {
		text []byte
		want string
	}{
		{nil, "has 0 bytes, a safetensors file at least 8"},
		{bytes.Repeat([]byte{0xff}, 64), "its header would have 18446744073709551615 bytes, 56 follow (at most 100000000 are allowed)"},
		{file("", 0), "its header is no JSON object of tensors: EOF"},
		{file("[]", 0), "its header is no JSON object of tensors: it begins with ["},
		{file("{} x", 0), "its header is no JSON object of tensors: something follows it"},
		{file(`{"a"`, 0), "its header is no JSON object of tensors"},
		{file(`{"a":3}`, 0), `tensor "a": its header is not as the format asks`},
		{file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"more":1}}`, 4), `tensor "a": its header is not as the format asks`},
		{file(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), `tensor "a": its header lacks shape or data_offsets`},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`, 4), `tensor "a": its header lacks shape or data_offsets`},
		{file(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, 4), `tensor "a": its header is not as the format asks`},
		{file(`{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`, 4), `tensor "a": its type "BF16" is not supported; use F32 or I32`},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `tensor "a" is there twice`},
		{file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), `tensor "a": shape [-1] has a negative extent`},
		{file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,16],"data_offsets":[0,0]}}`, 0), "has more elements than can be counted"},
		{file(`{"a":{"dtype":"F32","shape":[2305843009213693952],"data_offsets":[0,0]}}`, 0), "has more elements than can be counted"},
		{file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), `tensor "a": shape [2] of type F32 takes 8 bytes, it has 4`},
		{file(`{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}`, 4), `tensor "a" lies at bytes 0 to 4000000000, but only 4 bytes of data follow the header; the file is cut off`},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `tensor "a" lies at bytes 4 to 8; expected it to begin at 0`},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 8), `tensor "a" lies at bytes -4 to 0; expected it to begin at 0`},
		{file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,-4]}}`, 8), `tensor "a" lies at bytes 0 to -4; expected it`},
		{file(`{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `tensor "a" lies at bytes 4 to 8; expected it to begin at 8, where the one before it ends`},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 8), "the tensors end at byte 4 of 8 bytes of data"},
		{file(`{"__metadata__":{"a":1}}`, 0), "its metadata is no object of strings"},
		{file(`{"__metadata__":{},"__metadata__":{}}`, 0), `"__metadata__" is there twice`},
	} {
		_, err := safetensors.Decode("w.safetensors", bytes.NewReader(c.text), int64(len(c.text)))
		assert.ErrorContains(t, err, "safetensors: w.safetensors: ")
		assert.ErrorContains(t, err, c.want)
	}
	_, err := safetensors.Read(t.TempDir())
	assert.ErrorContains(t, err, "is no regular file")
	_, err = safetensors.Read(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// What fails leaves the file that was there, and no other.
func TestWriteErrors(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "w.safetensors")
	require.NoError(t, safetensors.Write(path, &example))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	ok := safetensors.Tensor{Name: "a", DType: safetensors.F32, Shape: []int{1}, Float32: []float32{1}}
	change := func(f func(*safetensors.Tensor)) []safetensors.Tensor {
		k := ok
		f(&k)
		return []safetensors.Tensor{k}
	}
	for want, tensors := range map[string][]safetensors.Tensor{
		`tensor "a" is there twice`:                   {ok, ok},
		`tensor "a": its type "F64" is not supported`: change(func(k *safetensors.Tensor) { k.DType = "F64" }),
		`tensor "a": shape [2] asks for 2 elements of type F32, there are 1 float32 and 0 int32`: change(func(k *safetensors.Tensor) { k.Shape = []int{2} }),
		`shape [1] asks for 1 elements of type F32, there are 1 float32 and 1 int32`:             change(func(k *safetensors.Tensor) { k.Int32 = []int32{1} }),
		`shape [1] asks for 1 elements of type I32`:                                              change(func(k *safetensors.Tensor) { k.DType = safetensors.I32 }),
		`tensor "__metadata__": a tensor cannot have this name`:                                  change(func(k *safetensors.Tensor) { k.Name = "__metadata__" }),
		`a tensor cannot have this name`:                                                         change(func(k *safetensors.Tensor) { k.Name = "\xff" }),
		`has a negative extent`:                                                                  change(func(k *safetensors.Tensor) { k.Shape = []int{-1, -1} }),
	} {
		err := safetensors.Write(path, &safetensors.File{Tensors: tensors})
		assert.ErrorContains(t, err, "safetensors: "+path+": ")
		assert.ErrorContains(t, err, want)
	}
	assert.ErrorContains(t, safetensors.Write(path, &safetensors.File{Metadata: map[string]string{"a": "\xff"}}), `metadata "a" is not UTF-8`)
	assert.ErrorIs(t, safetensors.Write(filepath.Join(folder, "none", "w"), &example), os.ErrNotExist)

	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}

// No file makes it panic or allocate more than it holds, and what it accepts can be written and read again.
func FuzzDecode(f *testing.F) {
	path := filepath.Join(f.TempDir(), "w.safetensors")
	require.NoError(f, safetensors.Write(path, &example))
	text, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(text)
	f.Add(file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0))
	f.Add(file(`{"__metadata__":null,"":{"dtype":"I32","shape":[2,1],"data_offsets":[0,8]}} `, 8))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := safetensors.Decode("w", bytes.NewReader(text), int64(len(text)))
		if err != nil {
			require.ErrorContains(t, err, "safetensors: w: ")
			return
		}
		again := filepath.Join(t.TempDir(), "again")
		require.NoError(t, safetensors.Write(again, got))
		read, err := safetensors.Read(again)
		require.NoError(t, err)
		require.Len(t, read.Tensors, len(got.Tensors))
		for i, k := range got.Tensors {
			require.Equal(t, k.Name, read.Tensors[i].Name)
			require.Equal(t, k.Shape, read.Tensors[i].Shape)
			require.Equal(t, k.Int32, read.Tensors[i].Int32)
			require.Len(t, read.Tensors[i].Float32, len(k.Float32))
			for j, v := range k.Float32 {
				require.Equal(t, math.Float32bits(v), math.Float32bits(read.Tensors[i].Float32[j]))
			}
		}
		if len(got.Metadata) > 0 {
			require.Equal(t, got.Metadata, read.Metadata)
		}
	})
}
