package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(context.Background(), &out, shapes{seed: 1, examples: 64}, shapes{seed: 2, examples: 12}, 1))
	assert.Contains(t, out.String(), "square is taken for disc ")
	assert.Regexp(t, `test accuracy [\d.]+% on 12 images\n$`, out.String())
}

func TestShapesAreTheSameEachTime(t *testing.T) {
	s := shapes{seed: 1, examples: 10}
	a, b := make([]float32, side*side), make([]float32, side*side)
	for i := range s.Len() {
		first, err := s.Example(i, a)
		require.NoError(t, err)
		second, err := s.Example(i, b)
		require.NoError(t, err)
		assert.Equal(t, first, second)
		assert.Equal(t, a, b)
		for _, v := range a {
			require.True(t, v >= 0 && v <= 1)
		}
	}
	_, err := s.Example(10, a)
	assert.Error(t, err)
}
