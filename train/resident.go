package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
)

// resident is a data set that lies on a device as bytes, and the step that works through it: the host says in which order, and the device
// gathers one batch after the other, as the loader would fill it.
type resident struct {
	trainer *Trainer
	set     data.ByteSet
	gather  kernels.GatherBatch
	labels  []int32
	rates   *kernels.Buffer // of an epoch's steps; nil where the rate stays
	step    *Step
	ahead   pacing
}

// reside puts a set on the device and compiles a step that takes its examples from there. There is none, and no error, where the host has to
// fill the batches; then why says so, and is empty where the device is the host.
func (t *Trainer) reside(ctx context.Context, set data.Set, batch int, emit func(batch int, r *resident) *OpList) (r *resident, why string, err error) {
	if why, can := t.canReside(set); !can {
		return nil, why, nil
	}
	if err := t.model.CheckBatch(batch); err != nil {
		return nil, "", err
	}
	r = t.newResident(batch, set.Len())
	r.set = data.BytesOf(set)
	list := emit(batch, r)
	program, err := t.device.Compile(list.Ops(), t.compile)
	var outOfMemory *device.OutOfMemoryError
	if errors.As(err, &outOfMemory) {
		return nil, fmt.Sprintf("as bytes the images take %s, which do not fit beside the training", wording.Bytes(int64(r.gather.Pixels.Bytes()))), nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("train: batch of %d: %w", batch, err)
	}
	r.step = &Step{List: list, trainer: t, program: program}
	switch err := r.fill(ctx); {
	case ctx.Err() != nil: // which the loader is there to find out, too
		return nil, "", r.close()
	case err != nil:
		return nil, "", errors.Join(err, r.close())
	}
	t.residents = append(t.residents, r)
	return r, "", nil
}

// canReside says whether a set may lie on the device, if there is room, and else why it may not.
func (t *Trainer) canReside(set data.Set) (why string, can bool) {
	_, isAccelerator := t.device.(device.Accelerator)
	switch values := t.model.Input.Shape.Elements(); {
	case !isAccelerator:
		return "", false
	case t.targets != data.ClassLabels || t.sampleWeights:
		return "the examples have targets or weights", false
	case data.BytesOf(set) == nil:
		return "the images are not kept as bytes", false
	case set.Len() > math.MaxInt32/max(values, 1):
		return "there are more values than a kernel can count", false
	}
	return "", true
}

// newResident makes the buffers of a set of so many examples.
func (t *Trainer) newResident(batch, examples int) *resident {
	shape := t.model.Input.Shape
	table, channels := t.table()
	g := kernels.GatherBatch{N: batch, H: 1, W: shape.Elements() / channels, C: channels, Of: examples, Batches: kernels.CeilDiv(examples, batch)}
	if isPicture(shape) {
		g.H, g.W = shape[0], shape[1]
	}
	g.Pixels, g.Labels = kernels.Kept("pixels", kernels.Uint8, examples, shape.Elements()), kernels.Kept("classes", kernels.Int32, examples)
	g.Order, g.At = kernels.Kept("order", kernels.Int32, g.Batches, batch), kernels.Kept("at", kernels.Int32, kernels.AtSize)
	g.Table = kernels.Kept("table", kernels.Float32, channels, len(table)/channels)
	g.X, g.Y = kernels.NewBuffer("input", kernels.Float32, append(kernels.Shape{batch}, shape...)...), kernels.NewBuffer("labels", kernels.Int32, batch)
	return &resident{trainer: t, gather: g}
}

// isPicture says whether an input is [H W C].
func isPicture(shape kernels.Shape) bool { return len(shape) == 3 }

// moves makes the buffers of a set whose pictures are moved and mirrored.
func (r *resident) moves() {
	g := &r.gather
	g.Places, g.Outside = kernels.Kept("places", kernels.Int32, g.Batches, g.N, kernels.PlaceSize), kernels.Kept("outside", kernels.Float32, g.C)
}

// fillWith says what lies outside of pictures that are moved.
func (r *resident) fillWith(v float32) error {
	outside := slices.Repeat([]float32{v}, r.gather.C)
	r.trainer.normalization.Apply(outside, r.gather.C)
	return r.upload(r.gather.Outside, outside)
}

// table is what becomes of each byte of each channel. Of what is no picture all channels are one if the same becomes of them.
func (t *Trainer) table() (table []float32, channels int) {
	channels = 1
	if shape := t.model.Input.Shape; len(shape) > 0 {
		channels = shape[len(shape)-1]
	}
	table = t.normalization.Table(channels)
	if isPicture(t.model.Input.Shape) {
		return table, channels
	}
	first := table[:kernels.BytesOfTable]
	for other := range slices.Chunk(table, kernels.BytesOfTable) {
		if !slices.Equal(first, other) {
			return table, channels
		}
	}
	return first, 1
}

// batch is where the examples of a batch come to lie, and their labels. Without a resident set the host uploads them; the model's input is made by lowering.
func (r *resident) batch(size int) (input, labels *kernels.Buffer) {
	if r == nil {
		return nil, labelsOf(size)
	}
	return r.gather.X, r.gather.Y
}

// begin emits what a step begins with: it counts itself, if it is one of training, and takes its batch, if the set is resident.
func (r *resident) begin(step, rate *kernels.Buffer) []kernels.Op {
	switch {
	case r == nil && step == nil:
		return nil
	case r == nil:
		return []kernels.Op{kernels.Tick{Step: step}}
	}
	tick := kernels.Tick{Step: step, At: r.gather.At}
	if r.rates != nil {
		tick.Rates, tick.Rate = r.rates, rate
	}
	return []kernels.Op{tick, r.gather}
}

// fill uploads the images and the labels, some at a time, until the context ends.
func (r *resident) fill(ctx context.Context) error {
	const some = 4 << 20 // bytes
	examples, image, classes := r.gather.Of, r.gather.Image(), len(r.set.Classes())
	each := max(some/max(image, 1), 1)
	pixels := make([]byte, min(each, examples)*image)
	r.labels = make([]int32, examples)
	for at := 0; at < examples; at += each {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(each, examples-at)
		for i := range n {
			var err error
			r.labels[at+i], err = r.read(at+i, pixels[i*image:][:image])
			if err == nil {
				err = loader.CheckLabel(r.labels[at+i], classes)
			}
			if err != nil {
				return fmt.Errorf("train: %s: example %d: %w", r.set.Name(), at+i, err)
			}
		}
		if err := r.upload(r.gather.Pixels.View("some pixels", at*image, n*image), pixels[:n*image]); err != nil {
			return err
		}
	}
	table, _ := r.trainer.table()
	return errors.Join(r.upload(r.gather.Labels, r.labels), r.upload(r.gather.Table, table))
}

// read is the set's Bytes, with a panic as an error.
func (r *resident) read(i int, b []byte) (label int32, err error) {
	defer loader.Recover(&err)
	return r.set.Bytes(i, b)
}

// start says in which order the examples come, and where they come to lie if they are moved, and which batch is the next; rates are those of all
// batches, if they change.
func (r *resident) start(order []int, places []int32, batch int, rates []float32) error {
	padded := make([]int32, r.gather.Order.Elements())
	for i := range padded {
		padded[i] = loader.Absent
	}
	for i, example := range order {
		padded[i] = int32(example)
	}
	err := errors.Join(r.upload(r.gather.Order, padded), r.upload(r.gather.At, []int32{int32(batch), int32(r.gather.Batches)}))
	if err == nil && r.rates != nil {
		err = r.upload(r.rates, rates)
	}
	if err == nil && r.gather.Places != nil {
		err = r.upload(r.gather.Places, places)
	}
	return err
}

func (r *resident) upload(b *kernels.Buffer, src any) error {
	if err := r.trainer.device.Upload(b, src); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// run runs the next batches.
func (r *resident) run(batches int) error {
	if err := device.Repeat(r.step.program, batches); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// close takes the set off the device.
func (r *resident) close() error {
	t := r.trainer
	t.residents = slices.DeleteFunc(t.residents, func(other *resident) bool { return other == r })
	return t.discard(r.step.program)
}

// residing is the set on the device whose evaluation in such batches is compiled; nil if there is none.
func (t *Trainer) residing(set data.Set, batch int) *resident {
	bytes := data.BytesOf(set)
	for _, r := range t.residents {
		if r.step.List.Rate == nil && r.gather.N == batch && isSame(r.set, bytes) {
			return r
		}
	}
	return nil
}

// isSame says whether two sets are one: of a kind that can be compared, and equal.
func isSame(a, b data.ByteSet) bool {
	return b != nil && reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}
