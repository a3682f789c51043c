package train

import (
	"fmt"

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
	W, DW *kernels.Buffer
	State []*kernels.Buffer
	Rate  *kernels.Buffer // the learning rate, a float32
	Step  *kernels.Buffer // the number of the step, an int32 that counts from 1
	Halt  *kernels.Buffer // an int32: nothing may change once it is set
}

// named is what a name stands for.
type named struct {
	settings string                       // those that are not the optimizer's defaults, for people
	make     func(rate float64) Optimizer // a rate of 0 is the default
}

// optimizers are those that are chosen by name; the first is the default.
var optimizers = wording.Table[string, named]{
	{Word: Adam{}.Name(), Value: named{"", func(rate float64) Optimizer { return Adam{LearningRate: rate} }}},
	{Word: RMSprop{}.Name(), Value: named{"", func(rate float64) Optimizer { return RMSprop{LearningRate: rate} }}},
	{Word: SGD{}.Name(), Value: named{"momentum 0.9", func(rate float64) Optimizer { return SGD{LearningRate: rate, Momentum: 0.9} }}},
}

// OptimizerNames lists the names that [OptimizerByName] knows, the default first.
func OptimizerNames() []string { return optimizers.Words() }

// OptimizerHelp lists the names for people, each with the settings that it stands for.
func OptimizerHelp() string {
	var list []string
	for _, row := range optimizers {
		if row.Value.settings != "" {
			row.Word += " (" + row.Value.settings + ")"
		}
		list = append(list, row.Word)
	}
	return wording.Or(list)
}

// OptimizerByName is one of [OptimizerNames], with the settings of [OptimizerHelp]. A rate of 0 stands for its default.
func OptimizerByName(name string, rate float64) (Optimizer, error) {
	named, err := optimizers.Find("optimizer", name)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	o := named.make(rate)
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("train: optimizer %s: %w", name, err)
	}
	return o, nil
}

// positive checks a learning rate.
func positive(rate float64) error {
	const most = 1e10
	if !(rate > 0 && rate <= most) {
		return fmt.Errorf("learning rate %v; give a number above 0 and up to %v, such as 0.001", rate, most)
	}
	return nil
}

// below1 checks the decay rates of averages.
func below1(name string, v float64) error {
	if !(v >= 0 && v < 1) {
		return fmt.Errorf("%s %v; give at least 0 and less than 1", name, v)
	}
	return nil
}
