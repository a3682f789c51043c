package train

import "fmt"

// CosineDecay takes the learning rate down to End times it along half a wave of a cosine, as Keras's CosineDecay, and begins anew for each
// further cycle (Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, equation 5):
//
//	End + (1−End)·(1 + cos(π·part))/2
//
// with the part of the cycle that is over. Cycles are equally long.
type CosineDecay struct {
	Cycles int // 1 if 0
	End    float64
}

// Name implements [Schedule].
func (CosineDecay) Name() string { return "cosine" }

// Check implements [Schedule].
func (c CosineDecay) Check() error {
	if c.Cycles < 0 {
		return fmt.Errorf("%d cycles; give at least 1", c.Cycles)
	}
	return share("end", c.End)
}

// Factor implements [Schedule].
func (c CosineDecay) Factor(m Moment) float64 {
	if m.Step >= m.Steps {
		return c.End
	}
	part := float64(m.Step*max(c.Cycles, 1)%m.Steps) / float64(m.Steps)
	return halfCosine(1, c.End, part)
}

// Ends implements [Schedule].
func (CosineDecay) Ends() bool { return true }
