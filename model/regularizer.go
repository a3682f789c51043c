package model

import (
	"fmt"
	"math"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// Regularizer is a penalty that large values add to the loss, L1·Σ|x| + L2·Σx²; none if both are 0.
type Regularizer struct{ L1, L2 float64 }

// regularizers are the words that stand for a penalty, with Keras's defaults.
var regularizers = wording.Table[string, Regularizer]{
	{Word: "none", Value: Regularizer{}},
	{Word: "l1", Value: Regularizer{L1: 0.01}},
	{Word: "l2", Value: Regularizer{L2: 0.01}},
	{Word: "l1_l2", Value: Regularizer{L1: 0.01, L2: 0.01}, Also: []string{"L1L2"}},
}.Lacking("a regularizer of Keras that cnn-gpu does not have", "orthogonal_regularizer")

// check says whether the factors are those of a penalty, in float32 too.
func (r Regularizer) check(name string) error {
	for i, v := range []float64{r.L1, r.L2} {
		if !(v >= 0 && v <= math.MaxFloat32) || v > 0 && float32(v) == 0 {
			return fmt.Errorf("%s: l%d is %v; give a number above 0, such as 0.0001, or leave it out", name, i+1, v)
		}
	}
	return nil
}

// penalty is the regulariser of a batch's values.
func (r Regularizer) penalty(batch, classes int, each bool) kernels.Penalty {
	return kernels.Penalty{L1: float32(r.L1), L2: float32(r.L2), N: batch, Classes: classes, Each: each}
}

// regularizer is a word, or the factors l1 and l2.
func regularizer(n *yaml.Node, key string) (r Regularizer, err error) {
	if n.Kind == yaml.ScalarNode {
		row, ok := regularizers.Row(n.Value)
		if !ok {
			return r, errorAt(n, "%s is %s; expected factors, such as {l2: 0.0001}, or a word: %s", key, describe(n), regularizers.Choose(n.Value))
		}
		return row.Value, nil
	}
	given, err := mapping(n, key, []string{"l1", "l2"})
	if err != nil {
		return r, err
	}
	for word, to := range map[string]*float64{"l1": &r.L1, "l2": &r.L2} {
		if given[word] == nil {
			continue
		}
		if *to, err = number(given[word], word); err != nil {
			return r, err
		}
	}
	if err := r.check(key); err != nil {
		return r, at(n, err)
	}
	if r == (Regularizer{}) {
		return r, errorAt(n, "%s has neither l1 nor l2 above 0; expected factors, such as {l2: 0.0001}", key)
	}
	return r, nil
}

// factors are the values of a file.
func (r Regularizer) factors() map[string]float64 {
	list := map[string]float64{}
	if r.L1 != 0 {
		list["l1"] = r.L1
	}
	if r.L2 != 0 {
		list["l2"] = r.L2
	}
	return list
}

// isPenalized says whether the parameter costs something: a frozen one costs nothing, as in Keras.
func (p *Param) isPenalized() bool { return p.Regularizer != (Regularizer{}) && !p.NonTrainable }

// Penalties emits the ops that add to each example's loss what the model's regularisers cost: those of parameters that are not frozen, which Keras adds
// to the mean loss of a batch, and those of the example's own values in each [ActivityRegularization]. There are none without regularisers.
func (l *Lowered) Penalties(loss *kernels.Buffer, examples kernels.Examples) (ops []kernels.Op) {
	for _, p := range l.params {
		if p.isPenalized() {
			ops = append(ops, kernels.PenaltyFprop{
				Penalty: p.Regularizer.penalty(l.Batch, examples.Classes, false), X: l.weights[p], Labels: examples.Labels, Loss: loss,
			})
		}
	}
	for _, s := range l.Forward {
		if a, ok := s.Node.Layer.(activityRegularization); ok && a.regularizer != (Regularizer{}) {
			ops = append(ops, kernels.PenaltyFprop{
				Penalty: a.regularizer.penalty(l.Batch, examples.Classes, true), X: l.values[s.Node], Labels: examples.Labels, Loss: loss,
			})
		}
	}
	return ops
}

// PenaltyGradients emits the ops that add to Gradients those of the parameters' regularisers, behind Backward.
func (l *Lowered) PenaltyGradients() (ops []kernels.Op) {
	for _, p := range l.params {
		if dw := l.gradients[p]; p.isPenalized() {
			ops = append(ops, kernels.PenaltyDgrad{Penalty: p.Regularizer.penalty(0, 0, false), X: l.weights[p], DY: dw, DX: dw})
		}
	}
	return ops
}
