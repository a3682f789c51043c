package data

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sumOf(s Set) string {
	im := s.(*images)
	sum := sha256.New()
	sum.Write(im.pixels)
	sum.Write(im.labels)
	return hex.EncodeToString(sum.Sum(nil))
}

func TestDigitsAreTheSameEverywhere(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 5} {
		runtime.GOMAXPROCS(procs)
		train, test := Digits()
		assert.Equal(t, "1564d3c0fd854c248f5901d68ec410ba2d7d1f25ddc0fe9dedbe3843b1eb4f75", sumOf(train))
		assert.Equal(t, "06b7c735a1f906595979d9ce7fdbf9388ee1495c033f30552641c793569f8fa7", sumOf(test))
	}
}

func TestDigits(t *testing.T) {
	train, test, err := Open("digits", Options{})
	require.NoError(t, err)
	for _, c := range []struct {
		set Set
		n   int
	}{{train, 12000}, {test, 2000}} {
		assert.Equal(t, "digits", c.set.Name())
		assert.Equal(t, c.n, c.set.Len())
		assert.Equal(t, []int{28, 28, 1}, c.set.Shape())
		counts, err := Counts(c.set)
		require.NoError(t, err)
		for class, n := range counts {
			assert.Equal(t, c.n/10, n, "class %d", class)
		}
	}
	// No image is there twice, in one set or in both.
	seen := map[string]bool{}
	for _, s := range []Set{train, test} {
		im := s.(*images)
		for i := range im.Len() {
			seen[string(im.pixels[i*784:][:784])] = true
		}
	}
	assert.Len(t, seen, 14000)
}

// The digits must be worth a convolutional network: softmax regression on the pixels learns them, but not
// well.
func TestDigitsAreNotLinear(t *testing.T) {
	train, test := Digits()
	accuracy := softmaxRegression(t, train, test, 4, 0.05)
	t.Logf("test accuracy of softmax regression: %.3f", accuracy)
	assert.Greater(t, accuracy, 0.75)
	assert.Less(t, accuracy, 0.95)
}

// softmaxRegression trains by plain stochastic gradient descent, one image at a time, and returns the test accuracy.
func softmaxRegression(t *testing.T, train, test Set, epochs int, rate float32) float64 {
	pixels, classes := product(train.Shape()), len(train.Classes())
	weights := make([]float32, classes*(pixels+1))
	x, p := make([]float32, pixels), make([]float32, classes)
	forward := func(s Set, i int) (label, guess int) {
		l, err := s.Example(i, x)
		require.NoError(t, err)
		for k := range p {
			row := weights[k*(pixels+1):][:pixels+1]
			p[k] = row[pixels]
			for j, v := range x {
				p[k] += v * row[j]
			}
			if p[k] > p[guess] {
				guess = k
			}
		}
		return int(l), guess
	}
	for range epochs {
		for i := range train.Len() {
			label, guess := forward(train, i)
			top, sum := p[guess], float32(0)
			for k := range p {
				p[k] = float32(math.Exp(float64(p[k] - top)))
				sum += p[k]
			}
			for k := range p {
				g := p[k] / sum
				if k == label {
					g--
				}
				row := weights[k*(pixels+1):][:pixels+1]
				row[pixels] -= rate * g
				for j, v := range x {
					row[j] -= rate * g * v
				}
			}
		}
	}
	right := 0
	for i := range test.Len() {
		if label, guess := forward(test, i); label == guess {
			right++
		}
	}
	return float64(right) / float64(test.Len())
}

func BenchmarkDigits(b *testing.B) {
	for b.Loop() {
		Digits()
	}
}
