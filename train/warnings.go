package train

import (
	"fmt"
	"slices"
	"strings"

	"cnn-gpu/model"
)

// Warnings says what trains, but hardly as it was meant: what [model.Model.Warnings] says, and an activation that bounds the logits. Each is a
// sentence with a way out.
func (t *Trainer) Warnings() []string {
	warnings := t.model.Warnings()
	if l, ok := t.loss.(interface{ squashes() model.Function }); ok {
		if f, last := activationOf(t.output), l.squashes(); f != "" && f != model.Linear && f != last {
			warnings = append(warnings, fmt.Sprintf("%s in front of the %s bounds what layer %q gives each class, so the model can hardly be sure: leave that activation out",
				f, last, t.output.Name))
		}
	}
	return warnings
}

// activationOf is the activation that a node is; none if it is another layer.
func activationOf(n *model.Node) model.Function {
	switch s := n.Spec.(type) {
	case model.Activation:
		return s.Function
	case model.ReLULayer:
		return model.ReLU
	}
	if f := model.Function(strings.TrimPrefix(n.Name, n.LayerName()+"/")); n.LayerName() != n.Name && slices.Contains(model.Functions(), f) {
		return f
	}
	return ""
}
