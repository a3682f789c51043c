package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// Every function of package kernels has a word that a person may choose it by.
func TestEveryFunctionHasAWord(t *testing.T) {
	words := map[kernels.Function]Function{}
	for _, word := range Functions() {
		layer, err := Activation{word}.Build([]Shape{{2}})
		require.NoError(t, err)
		switch layer := layer.(type) {
		case activation:
			words[layer.function.Function] = word
		case linear:
			words[kernels.Linear] = word
		}
	}
	for _, f := range kernels.Functions() {
		assert.Equal(t, f.String(), string(words[f]), "kernels.Function %v: add a row to functions in model/activation.go", f)
	}
}
