package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Written down from keras.src.initializers.random_initializers.compute_fans.
func TestFansAreThoseOfKeras(t *testing.T) {
	for _, c := range []struct {
		shape   Shape
		in, out int
	}{{Shape{5}, 5, 5}, {Shape{4, 5}, 4, 5}, {Shape{3, 4, 5}, 12, 15}, {Shape{1, 1, 5}, 1, 5}, {Shape{2, 3, 4, 5}, 24, 30}} {
		in, out := fans(c.shape)
		assert.Equal(t, [2]int{c.in, c.out}, [2]int{in, out}, "%v", c.shape)
	}
}
