package model

import "cnn-gpu/kernels"

// ActivityRegularization passes its input on, and adds to each example's loss what large values of it cost: L1·Σ|x| + L2·Σx². The field
// activity_regularizer of another layer stands for one behind it. The model's last layer cannot have one behind its softmax or sigmoid.
type ActivityRegularization struct {
	L1 float64 `yaml:"l1,omitempty" default:"0"` // what each magnitude costs
	L2 float64 `yaml:"l2,omitempty" default:"0"` // what each square costs
}

// Kind implements [Spec].
func (ActivityRegularization) Kind() string { return "ActivityRegularization" }

// Build implements [Spec].
func (s ActivityRegularization) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	r := Regularizer(s)
	if err := r.check("the penalty"); err != nil {
		return nil, err
	}
	return activityRegularization{linear{x}, r}, nil
}

type activityRegularization struct {
	linear
	regularizer Regularizer
}

func (l activityRegularization) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil || !b.Training || l.regularizer == (Regularizer{}) {
		return l.linear.Backward(b)
	}
	return []kernels.Op{kernels.PenaltyDgrad{
		Penalty: l.regularizer.penalty(b.Batch, b.Examples.Classes, true), X: b.X[0], Labels: b.Examples.Labels, DY: b.DY, DX: b.DX[0],
	}}
}
