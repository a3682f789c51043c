package data

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assertBytes holds the bytes of a set, by the table of a normalization, against its normalized images, to the bit. It says whether there are bytes.
func assertBytes(t *testing.T, s Set) bool {
	t.Helper()
	bytes, shape := BytesOf(s), s.Shape()
	if bytes == nil {
		return false
	}
	channels := shape[len(shape)-1]
	n := Normalization{Std: []float64{0.3}}
	for c := range channels {
		n.Mean = append(n.Mean, 0.1*float64(c+1))
	}
	table, same := n.Table(channels), Normalized(s, n)
	b, x := make([]byte, product(shape)), make([]float32, product(shape))
	for i := range s.Len() {
		label, err := bytes.Bytes(i, b)
		require.NoError(t, err)
		want, err := same.Example(i, x)
		require.NoError(t, err)
		assert.Equal(t, want, label)
		for j, v := range b {
			require.Equal(t, x[j], table[j%channels*256+int(v)])
		}
	}
	_, err := bytes.Bytes(s.Len(), b)
	require.Error(t, err)
	_, err = bytes.Bytes(0, b[1:])
	require.Error(t, err)
	return true
}

func TestBytes(t *testing.T) {
	train, test := Digits()
	rest, part, err := Split(test, 0.3, 1)
	require.NoError(t, err)
	assert.True(t, assertBytes(t, rest))
	assert.True(t, assertBytes(t, part))
	for _, s := range []Set{Normalized(train, Normalization{Mean: []float64{1}}), &Wrapper{train}, &subset{Wrapper{&Wrapper{train}}, []int{1}}} {
		assert.Nil(t, BytesOf(s), "what makes other numbers of the images has no bytes")
	}
	floats := &floatImages{images{shape: []int{1}, labels: []byte{0}}, 1}
	_, err = floats.Bytes(0, nil)
	assert.ErrorContains(t, err, "its images are numbers and no bytes")
}
