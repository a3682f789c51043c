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

// Preparer is an op whose CPU code has work that is done once, before the first run.
type Preparer interface {
	Op
	// Prepare returns the code for a number of workers.
	Prepare(workers int) Routine
}

// Routine is the CPU code of an op, made ready to run many times. It owns what it derives from the weights, so it runs one at a time.
type Routine struct {
	// Scratch is the number of float32 values that [Workers.Scratch] must hold.
	Scratch int
	// Weights are the numbers of the operands that Derive reads.
	Weights []int
	// Derive makes what Run needs of the weights, before the first run and whenever they have changed; nil if that is nothing.
	Derive func(mem []Mem, w *Workers)
	// Run runs the op, as Host does.
	Run func(mem []Mem, w *Workers)
	// Slice is the code for a few images, of a [Slicer].
	Slice *Slice
	// Profile runs the ops of a [DepthFirst] and returns which part of the time each took; nil for any other op.
	Profile func(mem []Mem, w *Workers) []float64
}

// Prepare returns the CPU code of an op.
func Prepare(op Op, workers int) Routine {
	if p, ok := op.(Preparer); ok {
		return p.Prepare(workers)
	}
	r := Routine{Run: op.Host}
	if s, ok := op.(Scratcher); ok {
		r.Scratch = s.HostScratch(workers)
	}
	return r
}

// prepareAndRun is Host of a Preparer.
func prepareAndRun(op Preparer, mem []Mem, w *Workers) {
	r := op.Prepare(w.Count())
	if r.Derive != nil {
		r.Derive(mem, w)
	}
	r.Run(mem, w)
}
