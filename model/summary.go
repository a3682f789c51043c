package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// Summary is the table of the model's layers as Keras prints it, and beside it each layer's work for one image and the memory
// of its values for a batch. Below stand the totals. What memory training takes is for the device to say.
//
// FLOPs are the multiply-adds of convolutions and dense layers, each counted as two operations; biases, activations and pools
// are left out, as is usual. An activation that belongs to a layer counts with it.
func (m *Model) Summary(batch int) string {
	training := m.lowerForTraining(batch)
	memory := valueBytes(training.Forward)
	forward := flops(m.Lower(1, LowerOptions{}).Forward)
	backward := flops(m.lowerForTraining(1).Backward)

	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	header := table.Row{"Layer (type)", "Output Shape", "Param #", "FLOPs", fmt.Sprintf("Memory (batch %d)", batch)}
	connected := !m.isSequential()
	if connected {
		header = append(header, "Connected to")
		t.AppendRow(table.Row{"input (Input)", kerasShape(m.Input.Shape), 0, 0, wording.Bytes(training.Input.Bytes()), "-"})
	}
	t.AppendHeader(header)
	for _, l := range m.layers() {
		params, work, bytes := 0, forward[l.Node], memory[l.Node]
		for _, p := range l.Layer.Params() {
			params += p.Shape.Elements()
		}
		if l.output != l.Node {
			bytes += memory[l.output]
		}
		row := table.Row{
			fmt.Sprintf("%s (%s)", l.Name, l.Spec.Kind()), kerasShape(l.Shape), wording.English.Sprint(params), wording.English.Sprint(work), wording.Bytes(bytes),
		}
		if connected {
			var names []string
			for _, in := range l.Inputs {
				names = append(names, in.layer())
			}
			row = append(row, strings.Join(names, ", "))
		}
		t.AppendRow(row)
	}
	var columns []table.ColumnConfig
	for i := 3; i <= 5; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)

	var s strings.Builder
	if m.Name != "" {
		fmt.Fprintf(&s, "Model: %q\n", m.Name)
	}
	count := m.ParamCount()
	size := wording.Bytes(count * kernels.Float32.Size())
	fmt.Fprintln(&s, t.Render())
	fmt.Fprintf(&s, "Total params: %s (%s)\n", wording.English.Sprint(count), size)
	fmt.Fprintf(&s, "Trainable params: %s (%s)\n", wording.English.Sprint(count), size)
	fmt.Fprintf(&s, "FLOPs for one image: %s forward, %s in training\n", wording.English.Sprint(sum64(forward)), wording.English.Sprint(sum64(forward)+sum64(backward)))
	fmt.Fprintf(&s, "  (multiply-adds of convolutions and dense layers, each counted as two)\n")
	return s.String()
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

// isSequential says whether each layer takes the output of the one before it, and nothing else.
func (m *Model) isSequential() bool {
	for i, n := range m.Nodes[1:] {
		if !slices.Equal(n.Inputs, []*Node{m.Nodes[i]}) {
			return false
		}
	}
	return true
}

// kerasShape writes a shape as Keras does, None standing for the batch.
func kerasShape(s Shape) string {
	text := "(None"
	for _, extent := range s {
		text += ", " + strconv.Itoa(extent)
	}
	return text + ")"
}
