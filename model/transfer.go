package model

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model/safetensors"
)

// TransferOptions say which parameters are not taken from a file but drawn.
type TransferOptions struct {
	Seed uint64 // of what is drawn, as in [Model.InitialWeights]
	// Fresh are layers whose parameters are drawn, whatever the file holds under their names, or left.
	Fresh []string
	// Partial draws what the file does not have by name and shape, too, and leaves what the model does not have.
	Partial bool
}

// Transfer says what of a file weights were taken from it, by parameters, and what was not.
type Transfer struct {
	Taken []string
	Drawn []string // of the model
	Left  []string // of the file
}

// TransferError says why a model cannot begin with the weights of a file.
type TransferError struct {
	Path        string
	Differences []string // by parameter: the shapes on both sides
}

func (e *TransferError) Error() string {
	const most = 10
	list := e.Differences
	if more := len(list) - most; more > 0 {
		list = append(slices.Clone(list[:most]), fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("model: %s holds other weights than those of the model:\n  %s", e.Path, strings.Join(list, "\n  "))
}

// TransferWeights reads weights to begin with from a safetensors file, whoever wrote it: each parameter is that tensor which has its name and its
// shape. All must be there, and nothing else, but for what the options say: otherwise the error is a [TransferError].
func (m *Model) TransferWeights(file string, o TransferOptions) (*Weights, Transfer, error) {
	var t Transfer
	f, err := safetensors.Read(file)
	if err != nil {
		return nil, t, fmt.Errorf("model: %w", err)
	}
	w, e := m.InitialWeights(o.Seed), &TransferError{Path: file}
	tensors := map[string]safetensors.Tensor{}
	for _, tensor := range f.Tensors {
		tensors[tensor.Name] = tensor
	}
	isFresh := func(name string) bool { return slices.Contains(o.Fresh, path.Dir(name)) }
	for p, values := range w.All() {
		tensor, ok := tensors[p.Name]
		delete(tensors, p.Name)
		switch {
		case isFresh(p.Name):
		case !ok:
			e.Differences = append(e.Differences, fmt.Sprintf("%s: %v in the model, not in the file", p.Name, p.Shape))
		case tensor.DType != safetensors.F32:
			e.Differences = append(e.Differences, fmt.Sprintf("%s: F32 in the model, %s in the file", p.Name, tensor.DType))
		case !slices.Equal(tensor.Shape, p.Shape):
			e.Differences = append(e.Differences, fmt.Sprintf("%s: %v in the model, %v in the file", p.Name, p.Shape, tensor.Shape))
		default:
			copy(values, tensor.Float32)
			t.Taken = append(t.Taken, p.Name)
			continue
		}
		t.Drawn = append(t.Drawn, p.Name)
		if ok {
			t.Left = append(t.Left, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		t.Left = append(t.Left, name)
		if !isFresh(name) {
			e.Differences = append(e.Differences, fmt.Sprintf("%s: %v in the file, not in the model", wording.Printable(name), tensors[name].Shape))
		}
	}
	switch {
	case len(t.Taken) == 0:
		e.Differences = slices.Insert(e.Differences, 0, "none is the same")
		return nil, t, e
	case len(e.Differences) > 0 && !o.Partial:
		return nil, t, e
	}
	return w, t, nil
}
