package inspect

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuffers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.bin")
	require.NoError(t, os.WriteFile(file, []byte{1, 2, 3}, 0o644))
	tests := []struct {
		text    string
		bytes   uint64
		content []byte
		save    string
	}{
		{"in:" + file, 3, []byte{1, 2, 3}, ""},
		{"inout:" + file + ":y.bin", 3, []byte{1, 2, 3}, "y.bin"},
		{"out:y.bin:12", 12, nil, "y.bin"},
		{"out:y.bin:f64:3", 24, nil, "y.bin"},
		{"out:a:b:16", 16, nil, "a:b"},
		{"zeros:i16:2", 4, []byte{0, 0, 0, 0}, ""},
		{"ones:f32:1", 4, []byte{0, 0, 0x80, 0x3f}, ""},
		{"iota:u16:3", 6, []byte{0, 0, 1, 0, 2, 0}, ""},
		{"empty:f32:5", 20, nil, ""},
	}
	for _, test := range tests {
		a, err := parseBuffer(test.text, "")
		require.NoError(t, err, test.text)
		assert.Equal(t, test.bytes, a.bytes, test.text)
		assert.Equal(t, test.content, a.content, test.text)
		assert.Equal(t, test.save, a.save, test.text)
	}
	a, err := parseBuffer("random:f32:1000", "")
	require.NoError(t, err)
	b, err := parseBuffer("random:f32:1000:1", "")
	require.NoError(t, err)
	assert.NotEqual(t, a.content, b.content, "another seed")
	for i := 0; i < len(a.content); i += 4 {
		v, err := strconv.ParseFloat(a.element.get(a.content[i:]), 32)
		require.NoError(t, err)
		require.True(t, v >= -1 && v <= 1)
	}
}

func TestBuffersRelativeToAScript(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "x"), []byte{1, 2}, 0o644))
	b, err := parseBuffer("inout:x:y", folder)
	require.NoError(t, err)
	assert.Equal(t, []byte{1, 2}, b.content)
	assert.Equal(t, filepath.Join(folder, "y"), b.save)
	b, err = parseBuffer("in:x:f16", folder)
	require.NoError(t, err)
	assert.Equal(t, "f16", b.element.name)
}

// Arrays of NumPy are read with their types, and written so that they are read again, whatever the type.
func TestNumPyFiles(t *testing.T) {
	folder := t.TempDir()
	for name, n := range numberTypes {
		values := n.put(n.put(nil, 1), 3)
		require.NoError(t, writeNumbers(filepath.Join(folder, "x.npy"), n, values))
		form := "in:x.npy"
		if name == "bf16" {
			form += ":bf16" // which NumPy does not have
		}
		b, err := parseBuffer(form, folder)
		require.NoError(t, err, name)
		assert.Equal(t, values, b.content, name)
		assert.Equal(t, name, b.element.name)
		c, err := Expectation{Name: "y", File: "x.npy"}.compare(values, n, folder)
		require.NoError(t, err)
		assert.True(t, c.Met, name)
	}
	file := filepath.Join(folder, "f.npy")
	require.NoError(t, writeNumbers(file, numberTypes["f32"], make([]byte, 8)))
	_, err := parseBuffer("in:f.npy:f64", folder)
	assert.ErrorContains(t, err, "f.npy holds f32, wanted is f64")
	_, err = Expectation{Name: "y", File: file}.compare(make([]byte, 8), numberTypes["i32"], "")
	assert.ErrorContains(t, err, "holds f32, wanted is i32")
	c, err := Expectation{Name: "y", File: file}.compare(make([]byte, 8), numberType{}, "")
	require.NoError(t, err)
	assert.Equal(t, "f32", c.Type, "the array's, where the memory has none")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), "<f4", ">f4", 1)), 0o644))
	_, err = parseBuffer("in:f.npy", folder)
	assert.ErrorContains(t, err, "big-endian")
	require.NoError(t, os.WriteFile(file, []byte("nonsense"), 0o644))
	_, err = parseBuffer("in:f.npy", folder)
	assert.ErrorContains(t, err, "f.npy: not a NumPy array")
}

func TestBadBuffers(t *testing.T) {
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o644))
	for text, want := range map[string]string{
		"zeros:f32":                      "zeros:f32:1024",
		"zeros:q:4":                      "wanted is zeros:TYPE:COUNT",
		"twos:f32:4":                     `"twos:f32:4": a form of memory is wanted, which begins with in, out,`,
		"4":                              "a form of memory is wanted",
		"zeros:f32:0":                    `"0" is no count`,
		"zeros:f64:99999999999999999999": "is no count from 1 to",
		"zeros:f64:1:2":                  "wanted is",
		"random:f32:4:x":                 `the seed "x"`,
		"out:y":                          "a size is wanted",
		"out:y:0":                        "is no count",
		"inout:a":                        "two files",
		"in:" + folder:                   "is no regular file",
		"in:" + folder + "/none":         folder + "/none does not exist",
		"in:" + empty:                    "is empty",
	} {
		_, err := parseBuffer(text, "")
		assert.ErrorContains(t, err, want, text)
	}
}
