package data

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClassWeights(t *testing.T) {
	set := &images{name: "pets", shape: []int{1, 1, 1}, classes: []string{"cat", "dog", "0"}, pixels: make([]byte, 6), labels: []byte{0, 1, 1, 2, 2, 2}}
	for text, want := range map[string][]float64{
		"balanced": {2, 1, 2. / 3}, "dog:2.5": {1, 2.5, 1}, "1:0, cat:0.5": {0.5, 0, 1}, "0:3": {1, 1, 3}, // a name comes before a number
		`{"cat": 2, "2": 4}`: {2, 1, 4},
	} {
		got, err := ClassWeights(text, set)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"dg:1": `pets has no class "dg" to be weighed; did you mean dog?`, "3:1": `no class "3"`, "dog:1,1:2": `the class "dog" is weighed twice`,
		"dog:-1": `the class "dog" weighs -1: expected a number that is at least 0`, "dog:NaN": "weighs NaN", "dog:1e-50": "weighs 1e-50, which is 0 in float32", "dog:1e39": "weighs 1e+39", "dog": `"dog" is no class with its weight: expected balanced, such pairs as 0:1,1:2.5`,
		"dog:x": `"dog:x" is no class with its weight`, "{": "expected an object such as", `{"dog": "a"}`: "expected an object such as",
	} {
		_, err := ClassWeights(text, set)
		assert.ErrorContains(t, err, want, text)
	}
	set.labels[0] = 1
	_, err := ClassWeights("balanced", set)
	assert.ErrorContains(t, err, `the class "cat" has no example`)
	set.targets = make([]byte, 18)
	_, err = ClassWeights("balanced", set)
	assert.ErrorContains(t, err, "examples with several labels have no one class to be weighed by")
}
