package kernels

// Op is one kernel call as a value. Its fields are its geometry and its operands, so that two ops with equal fields do the
// same to equal memory.
type Op interface {
	// Name is the kernel's name, such as "conv2d_fprop".
	Name() string
	// Operands lists what the kernel reads and writes, in the kernel's order. An optional operand that is absent has no
	// buffer.
	Operands() []Operand
	// Host runs the op on the CPU; mem holds the memory of each operand, in the order of Operands.
	Host(mem []Mem, w *Workers)
	// Launches lists the CUDA kernels that the op runs on a GPU, in order.
	Launches() []Launch
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

// cost counts the bytes that op moves.
func cost(op Op, flops int) Cost {
	c := Cost{FLOPs: int64(flops)}
	for _, o := range op.Operands() {
		if o.Buffer == nil {
			continue
		}
		c.Bytes += int64(o.Buffer.Bytes())
		if o.Access == Accumulate {
			c.Bytes += int64(o.Buffer.Bytes())
		}
	}
	return c
}

// Scratcher is an op whose CPU code needs scratch memory.
type Scratcher interface {
	Op
	// HostScratch is the number of float32 values that [Workers.Scratch] must hold.
	HostScratch(workers int) int
}
