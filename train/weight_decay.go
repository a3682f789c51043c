package train

import (
	"fmt"

	"cnn-gpu/kernels"
)

// decay emits a step's weight decay; see [kernels.WeightDecay]. There is none if part is 0.
func (u Update) decay(part float64) (ops []kernels.Op) {
	if part == 0 {
		return nil
	}
	for _, w := range u.Decayed {
		ops = append(ops, kernels.WeightDecay{Decay: part, W: w, Rate: u.Rate, Halt: u.Halt})
	}
	return ops
}

// checkDecay checks a weight decay under a learning rate.
func checkDecay(rate, decay float64) error {
	const least = 0x1p-25 // half the distance of the float32 next to 1
	switch each := rate * decay; {
	case decay == 0:
		return nil
	case !(decay > 0 && each < 1):
		return fmt.Errorf("weight decay %v; each step takes the learning rate %v times as much of the weights away: give a number above 0 and below %.2g, or leave it out", decay, rate, 1/rate)
	case each <= least:
		return fmt.Errorf("weight decay %v; times the learning rate %v that is %.2g, which changes no float32: give at least %.2g, or leave it out", decay, rate, each, 1.06*least/rate)
	}
	return nil
}
