package train

import (
	"cmp"
	"fmt"
	"slices"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// Optimizer updates the weights from their gradients.
type Optimizer interface {
	// Name is how the optimizer is chosen, such as "adam".
	Name() string
	// Rate is the learning rate.
	Rate() float64
	// Check says what is wrong with the optimizer's settings.
	Check() error
	// State makes the buffers that the optimizer keeps for a number of weights. They begin as zeros.
	State(weights int) []*kernels.Buffer
	// Update emits the ops of one step.
	Update(u Update) []kernels.Op
}

// Update holds what an optimizer's step works on.
type Update struct {
	W, DW   *kernels.Buffer
	Params  []*kernels.Buffer // the parts of W, and so of DW and State, that are a parameter each
	Decayed []*kernels.Buffer // the parts of W that weight decay applies to; see [model.Param.Decays]
	State   []*kernels.Buffer
	Rate    *kernels.Buffer // the learning rate, a float32
	Step    *kernels.Buffer // the number of the step, an int32 that counts from 1
	Halt    *kernels.Buffer // an int32: nothing may change once it is set
}

// named makes an optimizer that is chosen by name, with the settings that it reads.
type named func(r *reader) Optimizer

// optimizers are those that are chosen by name; the first is the default.
var optimizers = wording.Table[string, named]{
	{Word: Adam{}.Name(), Value: func(r *reader) Optimizer {
		var o Adam
		r.number(RateWord, &o.LearningRate)
		r.number("beta_1", &o.Beta1)
		r.number("beta_2", &o.Beta2)
		r.number("epsilon", &o.Epsilon)
		r.orNone("weight_decay", &o.WeightDecay)
		return o
	}},
	{Word: AdamW{}.Name(), Value: func(r *reader) Optimizer {
		var o AdamW
		r.number(RateWord, &o.LearningRate)
		r.number("beta_1", &o.Beta1)
		r.number("beta_2", &o.Beta2)
		r.number("epsilon", &o.Epsilon)
		r.number("weight_decay", &o.WeightDecay)
		return o
	}},
	{Word: Adagrad{}.Name(), Value: func(r *reader) Optimizer {
		var o Adagrad
		r.number(RateWord, &o.LearningRate)
		r.number("epsilon", &o.Epsilon)
		r.orNone("weight_decay", &o.WeightDecay)
		return o
	}},
	{Word: Lamb{}.Name(), Value: func(r *reader) Optimizer {
		var o Lamb
		r.number(RateWord, &o.LearningRate)
		r.number("beta_1", &o.Beta1)
		r.number("beta_2", &o.Beta2)
		r.number("epsilon", &o.Epsilon)
		r.orNone("weight_decay", &o.WeightDecay)
		return o
	}},
	{Word: Lion{}.Name(), Value: func(r *reader) Optimizer {
		var o Lion
		r.number(RateWord, &o.LearningRate)
		r.number("beta_1", &o.Beta1)
		r.number("beta_2", &o.Beta2)
		r.orNone("weight_decay", &o.WeightDecay)
		return o
	}},
	{Word: RMSprop{}.Name(), Value: func(r *reader) Optimizer {
		var o RMSprop
		r.number(RateWord, &o.LearningRate)
		r.number("rho", &o.Rho)
		r.orNone("momentum", &o.Momentum)
		r.number("epsilon", &o.Epsilon)
		r.flag("centered", &o.Centered)
		r.orNone("weight_decay", &o.WeightDecay)
		return o
	}},
	{Word: SGD{}.Name(), Value: func(r *reader) Optimizer {
		o := SGD{Momentum: 0.9}
		r.number(RateWord, &o.LearningRate)
		r.orNone("momentum", &o.Momentum)
		r.flag("nesterov", &o.Nesterov)
		r.orNone("weight_decay", &o.WeightDecay)
		return o
	}},
}.Lacking("an optimizer of Keras that cnn-gpu does not have", "adadelta", "adafactor", "adamax", "ftrl", "muon", "nadam")

// RateWord is the setting of an optimizer that is its learning rate.
const RateWord = "learning_rate"

// OptimizerSetting is a setting of optimizers that are chosen by name.
type OptimizerSetting struct {
	Word, Help string
	IsFlag     bool     // it is 1 or 0
	Of         []string // the optimizers that have it
}

// optimizerSettings are the settings beside the learning rate.
var optimizerSettings = []OptimizerSetting{
	{Word: "momentum", Help: "the part of a step that the next one makes again"},
	{Word: "nesterov", Help: "Nesterov's momentum", IsFlag: true},
	{Word: "weight_decay", Help: "the part of the weights, but for biases, that each step takes away, times the learning rate"},
	{Word: "beta_1", Help: "the part of the gradients' mean that stays in a step"},
	{Word: "beta_2", Help: "the same of their squares' mean; in lion, of the mean that is kept"},
	{Word: "rho", Help: "the part of the squares' mean that stays in a step"},
	{Word: "epsilon", Help: "what is added to what gradients are divided by"},
	{Word: "centered", Help: "divide by the deviation from the gradients' mean", IsFlag: true},
}

// OptimizerSettings lists what [OptimizerByName] takes beside the learning rate.
func OptimizerSettings() []OptimizerSetting {
	list := slices.Clone(optimizerSettings)
	for _, name := range OptimizerNames() {
		row, _ := optimizers.Row(name)
		r := &reader{}
		row.Value(r)
		for i := range list {
			if slices.Contains(r.words, list[i].Word) {
				list[i].Of = append(list[i].Of, name)
			}
		}
	}
	return list
}

// OptimizerNames lists the names that [OptimizerByName] knows, the default first.
func OptimizerNames() []string { return optimizers.Words() }

// OptimizerHelp lists the names for people, each with the settings that it stands for where they are not the type's defaults.
func OptimizerHelp() string {
	list := OptimizerNames()
	list[slices.Index(list, SGD{}.Name())] += " (momentum 0.9)"
	return wording.Or(list)
}

// OptimizerByName is one of [OptimizerNames], with settings in Keras's words, such as learning_rate, momentum and weight_decay; what is on or
// off is 1 or 0. What is left out has the type's default, but that sgd has momentum 0.9.
func OptimizerByName(name string, settings Settings) (Optimizer, error) {
	make, err := optimizers.Find("optimizer", name)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	r := &reader{settings: settings}
	o := make(r)
	if err := cmp.Or(r.end(), o.Check()); err != nil {
		return nil, fmt.Errorf("train: optimizer %s: %w", name, err)
	}
	return o, nil
}
