package data

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFingerprint(t *testing.T) {
	make := func(change func(*images)) *images {
		s := &images{name: "a", shape: []int{1, 2, 1}, classes: []string{"x", "y"}, pixels: []byte{1, 2, 3, 4}, labels: []byte{0, 1}}
		change(s)
		return s
	}
	of := func(s Set) Fingerprint {
		f, err := FingerprintOf(s)
		require.NoError(t, err)
		return f
	}
	first := of(make(func(*images) {}))
	assert.Equal(t, first, of(make(func(s *images) { s.name = "another name" })))
	assert.Empty(t, first.Differences(first))
	for want, change := range map[string]func(*images){
		"content ":          func(s *images) { s.pixels[3] = 5 },
		"content":           func(s *images) { s.labels[0] = 1 },
		"3 images":          func(s *images) { s.pixels, s.labels = append(s.pixels, 5, 6), append(s.labels, 0) },
		"images of [2 1 1]": func(s *images) { s.shape = []int{2, 1, 1} },
		`class 1 is "z"`:    func(s *images) { s.classes = []string{"x", "z"} },
		"3 classes":         func(s *images) { s.classes = []string{"x", "y", "more"} },
	} {
		other := of(make(change))
		assert.NotEqual(t, first, other, want)
		var now []string
		for _, d := range first.Differences(other) {
			now = append(now, d[1])
		}
		assert.Contains(t, now[0], want)
	}

	whole := &subset{Wrapper{make(func(*images) {})}, []int{0, 1}}
	turned := &subset{Wrapper{make(func(*images) {})}, []int{1, 0}}
	assert.NotEqual(t, of(whole), of(turned), "the order matters")
	assert.Equal(t, of(whole), of(whole))
	broken := errors.New("broken")
	_, err := FingerprintOf(failing{whole, broken})
	assert.ErrorIs(t, err, broken)
}

type failing struct {
	Set
	err error
}

func (f failing) Example(int, []float32) (int32, error) { return 0, f.err }
