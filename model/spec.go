package model

import (
	"cmp"
	"fmt"
	"reflect"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// Shape is the shape of one example: [H W C] for an image, [C] for a vector.
type Shape = kernels.Shape

// Input is the shape of a network's input.
func Input(extents ...int) Shape { return extents }

// Spec describes a layer: plain data that can be written to a file.
type Spec interface {
	// Kind is the layer's name in Keras, such as "Conv2D".
	Kind() string
	// Build makes the layer for inputs of the given shapes.
	Build(in []Shape) (Layer, error)
}

// Layer is a built layer. Forward and Backward emit its ops for one binding, Forward first.
type Layer interface {
	Out() Shape
	Params() []*Param
	Forward(b *Binding) []kernels.Op
	Backward(b *Binding) []kernels.Op
}

// Updater is a layer that changes parameters of its own which are not learnt by gradients; see [Param.NonTrainable]. Update emits the ops that do
// so at the end of a training step, and must do nothing once the binding's Halt is set.
type Updater interface {
	Update(b *Binding) []kernels.Op
}

// Binding holds the buffers of one layer for one batch size. A layer whose output is its input in another shape sets Y to a view
// of X, and likewise DX to a view of DY.
type Binding struct {
	Batch          int
	Training       bool
	Frozen         bool // the layer's parameters get no gradient; see [Node]
	Differentiated bool // Backward comes after Forward, as it does in training

	X []*kernels.Buffer // the inputs, [Batch, shape...]
	Y *kernels.Buffer   // the output

	DY *kernels.Buffer   // the gradient by the output
	DX []*kernels.Buffer // the gradients by the inputs, nil where none is needed

	Examples kernels.Examples // which rows of the batch count in what is computed over all of it

	Step   *kernels.Buffer // the number of the training step, for what differs from step to step
	Halt   *kernels.Buffer // an int32: Update's ops may change nothing once it is set
	Seed   uint32
	Stream uint32 // tells apart the layers that draw random numbers

	name               string
	weights, gradients map[*Param]*kernels.Buffer
	saved              map[string]*kernels.Buffer
}

// Param returns the buffer of a parameter; none for a nil one, which the layer does without.
func (b *Binding) Param(p *Param) *kernels.Buffer { return b.weights[p] }

// Gradient returns the buffer that Backward adds a parameter's gradient to. That of a frozen layer is for nobody: the ops that serve it alone are
// left out.
func (b *Binding) Gradient(p *Param) *kernels.Buffer {
	if g := b.gradients[p]; g != nil || p == nil {
		return g
	}
	return b.Save("d "+p.Name, kernels.Float32, p.Shape...)
}

// Save returns a buffer which Forward fills for Backward.
func (b *Binding) Save(name string, t kernels.Type, shape ...int) *kernels.Buffer {
	if b.saved[name] == nil {
		if b.saved == nil {
			b.saved = map[string]*kernels.Buffer{}
		}
		b.saved[name] = kernels.NewBuffer(b.name+"/"+name, t, shape...)
	}
	return b.saved[name]
}

// isNil says whether a value of an interface is missing, or a pointer to nothing.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return v == nil || value.Kind() == reflect.Pointer && value.IsNil()
}

// batched is a shape with the batch in front.
func batched(batch int, s Shape) []int { return append([]int{batch}, s...) }

// only checks the number of inputs and returns the first.
func only(in []Shape) (Shape, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("takes 1 input, got %d", len(in))
	}
	return in[0], nil
}

// onlyImage is the one input of a layer that works on images.
func onlyImage(in []Shape) (Shape, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	if len(x) != 3 {
		return nil, fmt.Errorf("takes images [height width channels], got %v", x)
	}
	return x, nil
}

// orOne is a pair of sizes in which what is not given counts as 1.
func orOne(p Pair) Pair {
	for i := range p {
		if p[i] == 0 {
			p[i] = 1
		}
	}
	return p
}

// Pair is a size in height and width.
type Pair [2]int

// Padding says what a window does at the border of the image.
type Padding string

// The paddings, as in Keras; the empty one is Valid.
const (
	Valid Padding = "valid" // windows lie within the image
	Same  Padding = "same"  // as many windows as the strides fit into the image, which is bordered with zeros, the odd one at the bottom and the right
)

var paddings = wording.Table[Padding, kernels.Padding]{
	{Word: Valid, Value: kernels.Valid},
	{Word: Same, Value: kernels.Same},
}

// Paddings lists the paddings.
func Paddings() []Padding { return paddings.Words() }

// window is the geometry of a filter or pool over images of shape x that makes images of the given number of channels.
func window(x Shape, size, strides, dilation Pair, padding Padding, channels int) (kernels.Window, error) {
	p, err := paddings.Find("padding", cmp.Or(padding, Valid))
	if err != nil {
		return kernels.Window{}, err
	}
	strides, dilation = orOne(strides), orOne(dilation)
	if err := checkWindow(x, size, strides, dilation, channels); err != nil {
		return kernels.Window{}, err
	}
	return kernels.NewWindow([2]int{x[0], x[1]}, size, strides, dilation, p)
}
