package model

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// maxElements is the most elements that one tensor may have, so that an index fits into 32 bits on every device and a model
// file with a slip in it is refused instead of asking for terabytes.
const maxElements = math.MaxInt32

// maxNodes is the most nodes that a graph may have: more than the deepest networks, and few enough that planning their memory
// stays fast.
const maxNodes = 4096

// checkSize refuses a tensor that is too large, whatever its extents are.
func checkSize(what string, s Shape) error {
	elements, fits := 1, true
	bytes := float64(kernels.Float32.Size())
	for _, extent := range s {
		bytes *= float64(extent)
		fits = fits && extent <= maxElements/max(elements, 1)
		if fits {
			elements *= extent
		}
	}
	if !fits {
		return fmt.Errorf("%s %v would take %s; the limit is %s (%s values)", what, s, wording.Bytes(bytes),
			wording.Bytes(maxElements*kernels.Float32.Size()), wording.English.Sprint(maxElements))
	}
	return nil
}

// checkNumbers refuses a layer's numbers that devices, which compute in float32, would not have: what is not 0, but is there, and what it does not
// hold.
func checkNumbers(s Spec) error {
	spec := reflect.Indirect(reflect.ValueOf(s))
	if spec.Kind() != reflect.Struct {
		return nil
	}
	for i := range spec.NumField() {
		name, _, _ := strings.Cut(spec.Type().Field(i).Tag.Get("yaml"), ",")
		if r, ok := spec.Field(i).Interface().(Regularizer); ok {
			if err := r.check(name); err != nil {
				return err
			}
		}
		v, ok := spec.Field(i).Interface().(float64)
		if !ok {
			continue
		}
		switch in32 := float64(float32(v)); {
		case v != 0 && in32 == 0:
			return fmt.Errorf("%s %v is 0 in float32, in which devices compute; give 0, or at least 1.4e-45", name, v)
		case math.IsInf(in32, 0) || math.IsNaN(in32):
			return fmt.Errorf("%s %v; give a number that float32 holds", name, v)
		}
	}
	return nil
}

// checkWindow refuses windows that are too large for images [H W C], counted with the border that the window may reach beyond
// the image and for as many channels as go in or come out.
func checkWindow(x Shape, size, strides, dilation Pair, channels int) error {
	for _, p := range []Pair{size, strides, dilation} {
		if max(p[0], p[1]) > maxElements {
			return fmt.Errorf("window %v, strides %v and dilation %v must each be at most %d", size, strides, dilation, maxElements)
		}
	}
	reach := func(d int) int { return (size[d]-1)*dilation[d] + 1 }
	return checkSize("the image with the window's border", Shape{x[0] + reach(0), x[1] + reach(1), max(x[2], channels)})
}

// CheckBatch refuses a batch size that is none, or for which a value of the model would be too large, and names the largest that is not.
func (m *Model) CheckBatch(batch int) error {
	if batch < 1 {
		return fmt.Errorf("model: a batch of %d; give at least 1", batch)
	}
	largest := m.Input
	for _, n := range m.Nodes {
		if n.Shape.Elements() > largest.Shape.Elements() {
			largest = n
		}
	}
	if most := maxElements / largest.Shape.Elements(); batch > most {
		return fmt.Errorf("model: a batch of %s; give at most %s: the value of %s, of shape %v for each image, is to have at most %s numbers",
			wording.English.Sprint(batch), wording.English.Sprint(most), largest.Name, largest.Shape, wording.English.Sprint(maxElements))
	}
	return nil
}
