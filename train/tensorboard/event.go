package tensorboard

import (
	"bytes"
	"fmt"
	"image/png"
	"maps"
	"slices"
	"time"
)

// The numbers of the fields are those of TensorFlow's event.proto, summary.proto, tensor.proto and graph.proto, and of hparams/plugin_data.proto.

// event is an Event with one field beside its time and step.
func event(at time.Time, step int64, what field) []byte {
	return joined([]field{doubleField(1, float64(at.UnixMicro())/1e6), intField(2, step), what})
}

// fileVersion is what a file begins with.
func fileVersion() field { return stringField(3, "brain.Event:2") }

// sessionStart says that what an earlier file has from this step on does not count.
func sessionStart() field { return message(7, intField(1, 1)) }

// summary is one value under a tag.
func summary(tag string, value ...field) field {
	return message(5, message(1, append([]field{stringField(1, tag)}, value...)...))
}

// plugin says which part of TensorBoard a value is for.
func plugin(name string, content ...field) field {
	return message(9, message(1, stringField(1, name), bytesField(2, joined(content))))
}

// vector is the shape of a tensor of n values.
func vector(n int) field { return message(2, message(2, intField(1, int64(n)))) }

// Scalar adds a point of a curve. TensorBoard has float32 for it.
func (w *Writer) Scalar(step int64, tag string, value float64) {
	w.add(step, summary(tag, floatField(2, value)))
}

// Image adds a picture, given as a PNG file.
func (w *Writer) Image(step int64, tag string, file []byte) error {
	c, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return fmt.Errorf("tensorboard: picture %s: %w", tag, err)
	}
	const rgba = 4
	w.add(step, summary(tag, message(4, intField(1, int64(c.Height)), intField(2, int64(c.Width)), intField(3, rgba), bytesField(4, file))))
	return nil
}

// Text adds a text in Markdown.
func (w *Writer) Text(step int64, tag, markdown string) {
	const dtString = 7
	w.add(step, summary(tag, plugin("text"), message(8, intField(1, dtString), vector(1), stringField(8, markdown))))
}

// Node is a node of a graph. A "/" in names makes groups, which TensorBoard shows closed at first.
type Node struct {
	Name, Op string
	Inputs   []string // names of nodes
	Shape    []int    // of the output; -1 is an extent that is not known
}

// Graph adds the graph of a network. A folder has one.
func (w *Writer) Graph(nodes []Node) {
	var graph []field
	for _, n := range nodes {
		fields := []field{stringField(1, n.Name), stringField(2, n.Op)}
		for _, in := range n.Inputs {
			fields = append(fields, stringField(3, in))
		}
		var dims []field
		for _, extent := range n.Shape {
			dims = append(dims, message(2, intField(1, int64(extent))))
		}
		shapes := message(1, message(7, dims...)) // a list of one shape
		graph = append(graph, message(1, append(fields, entry(5, "_output_shapes", shapes))...))
	}
	w.add(0, bytesField(4, joined(graph)))
}

// HyperParameters adds what the run was begun with, for TensorBoard's table of runs: values are strings, bools and float64s. The folders of the
// run's curves lie in the writer's.
func (w *Writer) HyperParameters(values map[string]any) {
	start := []field{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch v := values[name].(type) {
		case string:
			start = append(start, entry(1, name, stringField(3, v)))
		case bool:
			n := int64(0)
			if v {
				n = 1
			}
			start = append(start, entry(1, name, intField(4, n)))
		case float64:
			start = append(start, entry(1, name, doubleField(2, v)))
		}
	}
	const dtFloat = 1
	empty := message(8, intField(1, dtFloat), vector(1), floatField(5, 0)) // a value has to have one
	w.add(0, summary("_hparams_/session_start_info", plugin("hparams", message(3, start...)), empty))
}
