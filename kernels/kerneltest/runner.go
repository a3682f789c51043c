package kerneltest

import "cnn-gpu/kernels"

// Runner runs a list of ops on a device, as a program of that device: what the ops hand on among themselves, in buffers without Keep, lies
// where the device likes, and it may compute several ops in one.
//
// mem is host memory for the buffers that outlive the run; of a view, for its root. Run reads their contents from it and leaves their
// contents after the run in it. A runner that copies should put canaries around its own buffers, and fill what is only written from mem
// like the rest: mem holds NaN there.
//
// Run says of each op by which algorithm it was computed: "" for the sums as they stand, in any order, or the name of an algorithm of
// Winograd, whose rounding errors are larger; "tf32" or "bf16" of one that multiplied factors rounded to that precision, or that stored its result
// so; or "folded" of a batch normalisation whose scale was multiplied into the weights of the op before.
type Runner interface {
	Run(ops []kernels.Op, mem map[*kernels.Buffer]kernels.Mem) (algorithms []string, err error)
}
