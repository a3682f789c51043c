package data

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Normalization makes of each value x of a channel (x-mean)/std, in float32: what torchvision's Normalize(mean, std) does, and Keras's
// Normalization(mean, variance) with the variance std². The values are those of a Set, from 0 to 1; the channels are in the images' order, which of
// coloured pictures is red, green, blue. One mean, or one std, is for all channels. The zero value leaves values as they are.
type Normalization struct {
	Mean []float64 `json:"mean,omitempty"` // 0 if there is none
	Std  []float64 `json:"std,omitempty"`  // 1 if there is none
}

// IsZero says whether values stay as they are.
func (n Normalization) IsZero() bool { return len(n.Mean) == 0 && len(n.Std) == 0 }

// Check holds the numbers against an image's shape, whose last extent is that of the channels.
func (n Normalization) Check(shape []int) error {
	if n.IsZero() {
		return nil
	}
	if len(shape) == 0 {
		return errors.New("data: a normalization is for images, whose last extent is that of the channels, not for single numbers")
	}
	channels := shape[len(shape)-1]
	for _, list := range []struct {
		what   string
		values []float64
	}{{"means", n.Mean}, {"standard deviations", n.Std}} {
		if k := len(list.values); k > 1 && k != channels {
			return fmt.Errorf("data: %d %s, images %v have %d channels: give one for each, or one for all", k, list.what, shape, channels)
		}
	}
	for _, mean := range n.Mean {
		if v := float64(float32(mean)); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("data: a mean of %v: give numbers that float32 holds, such as 0.5", mean)
		}
	}
	for _, std := range n.Std {
		if v := float32(std); !(v > 0) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("data: a standard deviation of %v: give numbers above 0 that float32 holds, such as 0.25", std)
		}
	}
	return nil
}

// String names the numbers, with four digits each.
func (n Normalization) String() string {
	list := func(values []float64, none string) string {
		if len(values) == 0 {
			return none
		}
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = strconv.FormatFloat(v, 'g', 4, 64)
		}
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("mean %s, standard deviation %s", list(n.Mean, "0"), list(n.Std, "1"))
}

// Apply normalizes values whose channels come last, as those of images are. The numbers are right for so many channels, see Check.
func (n Normalization) Apply(x []float32, channels int) {
	if n.IsZero() {
		return
	}
	mean, std := perChannel(n.Mean, 0, channels), perChannel(n.Std, 1, channels)
	for at := 0; at < len(x); at += channels {
		pixel := x[at:][:channels]
		for c, v := range pixel {
			pixel[c] = (v - mean[c]) / std[c]
		}
	}
}

// Table is what becomes of each byte of each channel, [channels 256]: the numbers that Example and Apply make of it.
func (n Normalization) Table(channels int) []float32 {
	x := make([]float32, len(shade)*channels)
	for i := range x {
		x[i] = shade[i/channels]
	}
	n.Apply(x, channels)
	table := make([]float32, len(x))
	for i, v := range x {
		table[i%channels*len(shade)+i/channels] = v
	}
	return table
}

func perChannel(values []float64, none float32, channels int) []float32 {
	list := make([]float32, channels)
	for c := range list {
		switch len(values) {
		case 0:
			list[c] = none
		case 1:
			list[c] = float32(values[0])
		default:
			list[c] = float32(values[c])
		}
	}
	return list
}

// NormalizationOf is the mean and the standard deviation (of the population, divided by N) of each channel over all images of a set.
func NormalizationOf(s Set) (n Normalization, err error) {
	shape := s.Shape()
	if len(shape) == 0 {
		return n, n.Check(shape)
	}
	channels := shape[len(shape)-1]
	x := make([]float32, product(shape))
	sums, squares := make([]float64, channels), make([]float64, channels)
	least, most := make([]float32, channels), make([]float32, channels)
	for i := range s.Len() {
		if _, err := s.Example(i, x); err != nil {
			return Normalization{}, err
		}
		if i == 0 {
			copy(least, x)
			copy(most, x)
		}
		for j, v := range x {
			c := j % channels
			sums[c] += float64(v)
			squares[c] += float64(v) * float64(v)
			least[c], most[c] = min(least[c], v), max(most[c], v)
		}
	}
	count := float64(s.Len() * len(x) / channels)
	for c := range channels {
		if least[c] == most[c] {
			return Normalization{}, fmt.Errorf("data: %s: channel %d is %v everywhere, so that there is no deviation to divide by: give means and deviations instead", s.Name(), c, least[c])
		}
		mean := sums[c] / count
		n.Mean = append(n.Mean, mean)
		n.Std = append(n.Std, math.Sqrt(max(squares[c]/count-mean*mean, 0)))
	}
	return n, n.Check(shape)
}

// Normalized is a set whose images are normalized as they are read; the set itself where n leaves values as they are.
func Normalized(s Set, n Normalization) Set {
	if n.IsZero() {
		return s
	}
	shape := s.Shape()
	return &normalized{Wrapper{s}, n, shape[len(shape)-1]}
}

type normalized struct {
	Wrapper
	normalization Normalization
	channels      int
}

func (s *normalized) Example(i int, x []float32) (int32, error) {
	label, err := s.Set.Example(i, x)
	if err == nil {
		s.normalization.Apply(x, s.channels)
	}
	return label, err
}
