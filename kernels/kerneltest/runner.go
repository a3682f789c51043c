package kerneltest

import (
	"fmt"
	"math"

	"cnn-gpu/kernels"
)

// Runner runs one op on a device. mem is host memory for each operand, in the order of Operands (with no slice for one that is
// absent): Run reads the operands' contents from it and leaves their contents after the run in it. Operands with the same
// buffer have the same memory. A runner that copies should put canaries around its own buffers, and fill what is only written
// from mem like the rest: mem holds NaN there.
type Runner interface {
	Run(op kernels.Op, mem []kernels.Mem) error
}

// Host runs ops on the CPU with the given number of workers. Scratch memory is filled with NaN before each run, and an op that
// writes more of it than it asked for is an error.
func Host(workers int) Runner { return host(workers) }

type host int

func (h host) Run(op kernels.Op, mem []kernels.Mem) error {
	w := kernels.NewWorkers(int(h))
	defer w.Close()
	asked := kernels.Prepare(op, w.Count()).Scratch
	w.Reserve(asked + guardSize)
	scratch := w.Scratch()
	for i := range scratch {
		scratch[i] = math.Float32frombits(poison)
	}
	op.Host(mem, w)
	for i, v := range scratch[asked:] {
		if math.Float32bits(v) != poison {
			return fmt.Errorf("scratch element %d was written, the op asked for %d", asked+i, asked)
		}
	}
	return nil
}
