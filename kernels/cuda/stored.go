package cuda

import "cnn-gpu/kernels"

// storer is an op of this engine that can round results as it stores them, for the products that take them; see stored.cuh. Where it does, the
// op rounds the parts that make the result as the precision is called.
type storer interface {
	kernels.Op
	// results are those that it can round, of each of which it writes all.
	results() []*kernels.Buffer
	// storing is the op that rounds a result to a precision and stores it to y: in TF32 where it was, in bfloat16 in a buffer of its own.
	storing(p kernels.Precision, result, y *kernels.Buffer) kernels.Op
}

// padder is a storer that can put zeros behind the rows of results that it rounds, as tensor cores take them; then y is a buffer of its own in TF32, too.
type padder interface {
	storer
	pads(result *kernels.Buffer) bool
}

// reader is an op of this engine that can take a value, other than its factors, as bfloat16.
type reader interface {
	kernels.Op
	// reading is the op that takes a value from a bfloat16 buffer; ok is false if it cannot.
	reading(value, narrow *kernels.Buffer) (op kernels.Op, ok bool)
}

// storedAs is the name of the precision that an op rounds its result to; empty if it does not.
func storedAs(p kernels.Precision) string {
	if p == kernels.TF32 || p == kernels.BF16 {
		return p.String()
	}
	return ""
}

// storedIn says so to a person.
func storedIn(p kernels.Precision) string {
	if name := storedAs(p); name != "" {
		return "stored in " + name
	}
	return ""
}

// storedDefine is the macro of stored.cuh.
func storedDefine(p kernels.Precision) []Define {
	bits := map[kernels.Precision]int{kernels.TF32: 10, kernels.BF16: 7}[p]
	if bits == 0 {
		bits = 23
	}
	return define("STORED_BITS", bits)
}
