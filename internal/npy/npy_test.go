package npy

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// As numpy.save writes np.array([1, -2], np.float32), byte by byte (NumPy 2.2).
func TestWriteAsNumPyDoes(t *testing.T) {
	values := binary.LittleEndian.AppendUint32(nil, math.Float32bits(1))
	values = binary.LittleEndian.AppendUint32(values, math.Float32bits(-2))
	var b bytes.Buffer
	require.NoError(t, Write(&b, "f4", values))
	want := "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
	assert.Equal(t, want, b.String()[:len(want)])
	assert.Equal(t, 128+8, b.Len())
	assert.Equal(t, byte('\n'), b.Bytes()[127])
	assert.Equal(t, values, b.Bytes()[128:])
	assert.ErrorContains(t, Write(&b, "c8", nil), `no type "c8"`)
}

// What is written is read, type by type.
func TestRead(t *testing.T) {
	for kind, one := range Types {
		values := make([]byte, 3*one.Size)
		values[one.Size-1] = 1
		var b bytes.Buffer
		require.NoError(t, Write(&b, kind, values))
		a, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), 1<<10)
		require.NoError(t, err)
		assert.Equal(t, []int{3}, a.Dims)
		assert.Equal(t, one.Name, a.Name)
		read, err := a.Bytes()
		require.NoError(t, err)
		assert.Equal(t, values, read, kind)
		_, err = Read(bytes.NewReader(b.Bytes()), int64(b.Len()), 2)
		assert.ErrorContains(t, err, "more than the 2 B that are read")
		_, err = Read(bytes.NewReader(b.Bytes()), int64(b.Len())-1, 1<<10)
		assert.ErrorContains(t, err, "it is torn or its header is wrong")
	}
}
