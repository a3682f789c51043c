package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// Plateau multiplies the learning rate by Gamma when the loss has not fallen for Patience epochs, as Keras's ReduceLROnPlateau: the loss on the
// validation data or, without any, that of training.
type Plateau struct {
	Patience int     // 10 if 0
	Gamma    float64 // 0.1 if 0
	End      float64 // the least factor
}

// plateauDelta is by how much a loss falls at least.
const plateauDelta = 1e-4

// Name implements [Schedule].
func (Plateau) Name() string { return "plateau" }

// Check implements [Schedule].
func (p Plateau) Check() error {
	var wrong error
	if p.Patience < 0 {
		wrong = fmt.Errorf("patience %d epochs; give at least 1", p.Patience)
	}
	return errors.Join(wrong, shrinks("gamma", p.gamma()), share("end", p.End))
}

// Factor implements [Schedule].
func (p Plateau) Factor(m Moment) float64 {
	factor, best, waited := 1.0, math.Inf(1), 0
	for _, loss := range m.Losses {
		if loss < best-plateauDelta {
			best, waited = loss, 0
			continue
		}
		if waited++; waited >= cmp.Or(p.Patience, 10) {
			factor, waited = max(factor*p.gamma(), p.End), 0
		}
	}
	return factor
}

// Ends implements [Schedule].
func (Plateau) Ends() bool { return false }

func (p Plateau) gamma() float64 { return cmp.Or(p.Gamma, 0.1) }
