package data

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Noise is a set of random images with random labels, for timing. There is nothing to learn in it. Its pixels are drawn from the seed
// once, as many as two images have, and each image is a piece of them.
func Noise(shape []int, classes, examples int, seed uint64) Set {
	rng := rand.New(rand.NewPCG(seed, 0))
	s := &noise{shape: slices.Clone(shape), labels: make([]int32, examples), pixels: make([]byte, 2*product(shape))}
	for i := range classes {
		s.classes = append(s.classes, strconv.Itoa(i))
	}
	for i := range s.labels {
		s.labels[i] = rng.Int32N(int32(classes))
	}
	for i := range s.pixels {
		s.pixels[i] = byte(rng.Uint32())
	}
	return s
}

type noise struct {
	shape   []int
	classes []string
	pixels  []byte
	labels  []int32
}

func (s *noise) Name() string      { return "noise" }
func (s *noise) Len() int          { return len(s.labels) }
func (s *noise) Shape() []int      { return slices.Clone(s.shape) }
func (s *noise) Classes() []string { return slices.Clone(s.classes) }

func (s *noise) Example(i int, x []float32) (int32, error) {
	if err := s.check(i, len(x)); err != nil {
		return 0, err
	}
	shades(x, s.pixels[i%len(x):])
	return s.labels[i], nil
}

// HasBytes implements [ByteSet].
func (s *noise) HasBytes() bool { return true }

// Bytes implements [ByteSet].
func (s *noise) Bytes(i int, b []byte) (int32, error) {
	if err := s.check(i, len(b)); err != nil {
		return 0, err
	}
	copy(b, s.pixels[i%len(b):])
	return s.labels[i], nil
}

// check refuses an i outside the set and room for another number of values than an image's.
func (s *noise) check(i, room int) error {
	if n := product(s.shape); room != n {
		return fmt.Errorf("data: noise: an example of shape %v needs room for %d values, got %d", s.shape, n, room)
	}
	if i < 0 || i >= s.Len() {
		return fmt.Errorf("data: noise: no example %d, the set holds %d", i, s.Len())
	}
	return nil
}
