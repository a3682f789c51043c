// Package data holds labelled sets of images for training: the built-in digits, the MNIST family read
// from IDX files, CIFAR, archives of NumPy's arrays, folders of a person's pictures, the download of those files, and the way from a person's own picture to a model's input.
//
// Pixels are float32 in [0, 1] (the stored byte divided by 255), channels last: [H W C]. Labels are
// int32, from 0 to len(Classes())-1.
package data

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Set is a labelled set of images, all of one shape.
type Set interface {
	// Name is what Open was asked for: "mnist", "digits", or the folder.
	Name() string
	// Len is the number of examples.
	Len() int
	// Shape is one image's shape, [H W C].
	Shape() []int
	// Classes names the labels: label i is Classes()[i].
	Classes() []string
	// Example writes image i, H*W*C values in [0, 1], into x and returns its label. It is safe for
	// concurrent use. An i outside the set or an x of another length is an error.
	Example(i int, x []float32) (label int32, err error)
}

// Counts returns how many examples each class of the set has. An example of several labels counts for each of them.
func Counts(s Set) ([]int, error) {
	counts := make([]int, len(s.Classes()))
	if TargetsOf(s) == MultiLabel {
		for i := range s.Len() {
			classes, err := LabelsOf(s, i, 0)
			if err != nil {
				return nil, err
			}
			for _, class := range classes {
				counts[class]++
			}
		}
		return counts, nil
	}
	x := make([]float32, product(s.Shape()))
	for i := range s.Len() {
		label, err := s.Example(i, x)
		if err != nil {
			return nil, err
		}
		if label < 0 || int(label) >= len(counts) {
			return nil, fmt.Errorf("data: %s: example %d has label %d, expected 0 to %d", s.Name(), i, label, len(counts)-1)
		}
		counts[label]++
	}
	return counts, nil
}

// images is a Set held in memory, one byte for each value.
type images struct {
	name    string
	shape   []int
	classes []string
	pixels  []byte    // [N H W C]
	labels  []byte    // of an example of several labels the first; 0 if it has none
	targets []byte    // [N classes]; nil where each example has one label
	weights []float32 // nil where all weigh the same
}

func (s *images) Name() string      { return s.name }
func (s *images) Len() int          { return len(s.labels) }
func (s *images) Shape() []int      { return slices.Clone(s.shape) }
func (s *images) Classes() []string { return slices.Clone(s.classes) }

func (s *images) Example(i int, x []float32) (int32, error) {
	if err := s.checkExample(i, len(x)); err != nil {
		return 0, err
	}
	shades(x, s.pixels[i*len(x):])
	return int32(s.labels[i]), nil
}

// checkExample refuses an i outside the set and room for another number of values than an image's.
func (s *images) checkExample(i, room int) error {
	if n := product(s.shape); room != n {
		return fmt.Errorf("data: %s: an example of shape %v needs room for %d values, got %d", s.name, s.shape, n, room)
	}
	if i < 0 || i >= s.Len() {
		return fmt.Errorf("data: %s: no example %d, the set holds %d", s.name, i, s.Len())
	}
	return nil
}

// floatImages is a Set held in memory whose pixels are float32 values, little-endian, to be divided by the scale.
type floatImages struct {
	images
	scale float32
}

func (s *floatImages) Example(i int, x []float32) (int32, error) {
	if err := s.checkExample(i, len(x)); err != nil {
		return 0, err
	}
	floats(x, s.pixels[i*len(x)*floatBytes:], s.scale)
	return int32(s.labels[i]), nil
}

const floatBytes = 4

// floats reads float32 values, little-endian, and divides them by the scale.
func floats(x []float32, b []byte, scale float32) {
	for j := range x {
		x[j] = math.Float32frombits(binary.LittleEndian.Uint32(b[j*floatBytes:])) / scale
	}
}

// shades divides bytes by 255.
func shades(x []float32, b []byte) {
	for j, p := range b[:len(x)] {
		x[j] = shade[p]
	}
}

// shade holds every byte divided by 255.
var shade = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(i) / 255
	}
	return t
}()

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
