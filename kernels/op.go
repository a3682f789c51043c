package kernels

// Op is one kernel call as a value. Its fields are its geometry and its operands, so that two ops with equal fields do the
// same to equal memory. How a device runs it is for the device's engine to know.
type Op interface {
	// Name is the kernel's name, such as "conv2d_fprop".
	Name() string
	// Operands lists what the kernel reads and writes, in the kernel's order. An optional operand that is absent has no
	// buffer.
	Operands() []Operand
	// Cost is what one run takes.
	Cost() Cost
}

// Cost is what one run of an op takes: floating-point operations (a multiply-add counts two) and the bytes of its operands,
// each read or written once.
type Cost struct {
	FLOPs int64
	Bytes int64
}

// Add returns the sum of two costs.
func (c Cost) Add(d Cost) Cost { return Cost{c.FLOPs + d.FLOPs, c.Bytes + d.Bytes} }

// CostOf is the cost of an op that takes so many floating-point operations.
func CostOf(op Op, flops int) Cost {
	c := Cost{FLOPs: int64(flops)}
	for _, o := range op.Operands() {
		if o.Buffer == nil {
			continue
		}
		c.Bytes += int64(o.Buffer.Bytes())
		if o.Access == Accumulate || o.Access == Raise {
			c.Bytes += int64(o.Buffer.Bytes())
		}
	}
	return c
}
