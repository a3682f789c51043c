package model

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"cnn-gpu/internal/texttable"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// Summary is the table of the model's layers as Keras prints it, and beside it each layer's work for one image and the memory
// of its values for a batch. Below stand the totals. What memory training takes is for the device to say.
func (m *Model) Summary(batch int) string { return m.Summarize(batch).Text(0) }

// Summary is what a model's layers are, have and cost.
//
// FLOPs are the multiply-adds of convolutions and dense layers for one image, each counted as two operations; biases, activations and
// pools are left out, as is usual. An activation that belongs to a layer counts with it.
type Summary struct {
	Model         string         `json:"model"`
	Batch         int            `json:"batch"`
	Input         Shape          `json:"input"`
	Layers        []LayerSummary `json:"layers"`
	Params        int            `json:"params"`
	NonTrainable  int            `json:"non_trainable_params"` // of these
	FLOPs         int64          `json:"flops"`                // forward
	TrainingFLOPs int64          `json:"training_flops"`       // forward and backward
}

// LayerSummary is a row of a summary.
type LayerSummary struct {
	Name   string   `json:"name"`
	Kind   string   `json:"type"`
	Inputs []string `json:"inputs"`
	Output Shape    `json:"output_shape"`
	Params int      `json:"params"`
	FLOPs  int64    `json:"flops"`
	Memory int      `json:"memory_bytes"`     // of the layer's values for a batch
	Layers int      `json:"layers,omitempty"` // that a group has; see [Summary.Grouped]
}

// Summarize counts for a batch size, which [Model.CheckBatch] allows.
func (m *Model) Summarize(batch int) Summary {
	memory := valueBytes(m.lowerForTraining(batch).Forward)
	forward := flops(m.Lower(1, LowerOptions{}).Forward)
	backward := flops(m.lowerForTraining(1).Backward)
	s := Summary{
		Model: m.Name, Batch: batch, Input: m.Input.Shape, Params: m.ParamCount(), NonTrainable: m.NonTrainableCount(),
		FLOPs: sum64(forward), TrainingFLOPs: sum64(forward) + sum64(backward),
	}
	for _, l := range m.layers() {
		row := LayerSummary{Name: l.Name, Kind: l.Spec.Kind(), Output: l.Shape, FLOPs: forward[l.Node], Memory: memory[l.Node]}
		for _, p := range l.Layer.Params() {
			row.Params += p.Shape.Elements()
		}
		if l.output != l.Node {
			row.Memory += memory[l.output]
		}
		for _, in := range l.Inputs {
			row.Inputs = append(row.Inputs, in.LayerName())
		}
		s.Layers = append(s.Layers, row)
	}
	return s
}

// Text writes the summary in at most width columns, or as wide as it is where width is 0.
func (s Summary) Text(width int) string {
	t := texttable.New("Layer (type)", "Output Shape", "Param #", "FLOPs", "Memory")
	var branches []string
	above := "input"
	for _, l := range s.Layers {
		t.AppendRow(table.Row{l.title(), kerasShape(l.Output), wording.English.Sprint(l.Params), wording.English.Sprint(l.FLOPs), wording.Bytes(l.Memory)})
		if !slices.Equal(l.Inputs, []string{above}) {
			branches = append(branches, fmt.Sprintf("  %s: %s", l.Name, wording.And(l.Inputs)))
		}
		above = l.Name
	}
	t.Right(3, 4, 5)
	t.Spare(5, 4)

	var text strings.Builder
	if s.Model != "" {
		fmt.Fprintf(&text, "Model: %q\n", s.Model)
	}
	fmt.Fprintln(&text, t.Fit(width))
	if len(branches) > 0 {
		fmt.Fprintf(&text, "Layers that take others than the one above them:\n%s\n", strings.Join(branches, "\n"))
	}
	fmt.Fprintf(&text, "Input: %s. Memory: of the values for a batch of %s.\n", kerasShape(s.Input), wording.English.Sprint(s.Batch))
	for _, row := range []struct {
		what  string
		count int
	}{{"Total", s.Params}, {"Trainable", s.Params - s.NonTrainable}, {"Non-trainable", s.NonTrainable}} {
		fmt.Fprintf(&text, "%s params: %s (%s)\n", row.what, wording.English.Sprint(row.count), wording.Bytes(row.count*kernels.Float32.Size()))
	}
	fmt.Fprintf(&text, "FLOPs for one image: %s forward, %s in training\n", wording.English.Sprint(s.FLOPs), wording.English.Sprint(s.TrainingFLOPs))
	fmt.Fprintf(&text, "  (multiply-adds of convolutions and dense layers, each counted as two)\n")
	return text.String()
}

var counted = regexp.MustCompile(`_\d+$`)

// title is a layer's name, and its kind where the name is not made of that.
func (l LayerSummary) title() string {
	if l.Kind == groupKind {
		return fmt.Sprintf("%s (%d layers)", l.Name, l.Layers)
	}
	name := strings.ReplaceAll(counted.ReplaceAllString(path.Base(l.Name), ""), "_", "")
	if strings.EqualFold(name, l.Kind) {
		return l.Name
	}
	return fmt.Sprintf("%s (%s)", l.Name, l.Kind)
}

// lowerForTraining lowers the model as training does: the softmax at the end belongs to the loss.
func (m *Model) lowerForTraining(batch int) *Lowered {
	o := LowerOptions{Training: true, Step: kernels.Kept("step", kernels.Int32, 1)}
	if logits, ok := m.Logits(); ok {
		o.Output = logits
	}
	return m.Lower(batch, o)
}

// FLOPs counts the floating-point operations of convolutions and dense layers for one image: the multiply-adds, each counted as two.
func (m *Model) FLOPs() int64 { return sum64(flops(m.Lower(1, LowerOptions{}).Forward)) }

// flops is the number of operations of the convolutions and dense layers in each step.
func flops(steps []Step) map[*Node]int64 {
	work := map[*Node]int64{}
	for _, s := range steps {
		for _, op := range s.Ops {
			if strings.HasPrefix(op.Name(), "conv2d_") || strings.HasPrefix(op.Name(), "dense_") {
				work[s.Node] += op.Cost().FLOPs
			}
		}
	}
	return work
}

func sum64(work map[*Node]int64) (total int64) {
	for _, n := range work {
		total += n
	}
	return total
}

// valueBytes is the memory of the values that each step makes. A view makes none.
func valueBytes(steps []Step) map[*Node]int {
	bytes := map[*Node]int{}
	seen := map[*kernels.Buffer]bool{}
	for _, s := range steps {
		for _, op := range s.Ops {
			for _, o := range op.Operands() {
				if o.Buffer == nil || o.Access == kernels.Read {
					continue
				}
				if root, _ := o.Buffer.Root(); !seen[root] {
					seen[root] = true
					bytes[s.Node] += root.Bytes()
				}
			}
		}
	}
	return bytes
}

// kerasShape writes a shape as Keras does, None standing for the batch.
func kerasShape(s Shape) string {
	text := "(None"
	for _, extent := range s {
		text += ", " + strconv.Itoa(extent)
	}
	return text + ")"
}
