package kernels

import "math/bits"

// Dropout sets each element to zero with probability Rate and scales the others by 1/(1−Rate) (Srivastava et al., "Dropout",
// JMLR 2014, in its inverted form). The same op with the output's gradient as X computes the gradient by the input: both draw
// the same mask, which is never stored.
//
// Element i at step t is kept if word i mod 4 of Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011), with counter (i/4, t, 0, 0) and key (Seed, Stream), is at least Rate·2^32.
type Dropout struct {
	Rate         float64
	Seed, Stream uint32
	X, Step, Y   *Buffer
}

// Name implements [Op].
func (op Dropout) Name() string { return "dropout" }

// Operands implements [Op].
func (op Dropout) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{floats("x", op.X, Read, n), ints("step", op.Step, Read, 1), floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op Dropout) Cost() Cost { return cost(op, op.Y.Elements()) }

// Threshold is Rate·2^32: an element is dropped if its random word lies below.
func (op Dropout) Threshold() uint32 { return uint32(min(op.Rate*(1<<32), 1<<32-1)) }

// Scale is what the elements that stay are multiplied by.
func (op Dropout) Scale() float32 { return float32(1 / (1 - op.Rate)) }

// Host implements [Op].
func (op Dropout) Host(mem []Mem, w *Workers) {
	x, step, y := mem[0].F32, uint32(mem[1].I32[0]), mem[2].F32
	threshold, scale := op.Threshold(), op.Scale()
	blocks := (len(x) + 3) / 4
	w.Range(blocks, func(lo, hi int) {
		for block := lo; block < hi; block++ {
			words := philox([4]uint32{uint32(block), step}, [2]uint32{op.Seed, op.Stream})
			for i := 4 * block; i < min(4*block+4, len(x)); i++ {
				y[i] = 0
				if words[i-4*block] >= threshold {
					y[i] = x[i] * scale
				}
			}
		}
	})
}

// Launches implements [Op].
func (op Dropout) Launches() []Launch {
	n := op.Y.Elements()
	return []Launch{perElement("dropout.cu", "dropout", blocks(n, 4), define("ELEMENTS", n, "SEED", op.Seed, "STREAM", op.Stream,
		"THRESHOLD", op.Threshold(), "SCALE", op.Scale())...)}
}

// philox is Philox4x32-10.
func philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		hi0, lo0 := bits.Mul32(0xD2511F53, counter[0])
		hi1, lo1 := bits.Mul32(0xCD9E8D57, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return counter
}
