package train

import (
	"cmp"
	"fmt"
	"math"
)

// StepDecay multiplies the learning rate by Gamma every so many epochs, as PyTorch's StepLR:
//
//	Gamma^⌊epochs / Every⌋
type StepDecay struct {
	Every int     // epochs; a third of the schedule's if 0
	Gamma float64 // 0.1 if 0
}

// Name implements [Schedule].
func (StepDecay) Name() string { return "step" }

// Check implements [Schedule].
func (s StepDecay) Check() error {
	if s.Every < 0 {
		return fmt.Errorf("every %d epochs; give at least 1", s.Every)
	}
	return shrinks("gamma", s.gamma())
}

// Factor implements [Schedule].
func (s StepDecay) Factor(m Moment) float64 {
	every := s.Every * m.PerEpoch
	if every == 0 {
		every = max(m.Steps/3, 1)
	}
	return math.Pow(s.gamma(), float64(m.Step/every))
}

// Ends implements [Schedule].
func (StepDecay) Ends() bool { return false }

func (s StepDecay) gamma() float64 { return cmp.Or(s.Gamma, 0.1) }
