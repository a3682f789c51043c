package kernels

// GatherBatch fills a batch from a set of images that lies on the device as bytes. Row n of the batch At[0], counted from 1, shows the example
// i = Order[(At[0]−1)·N + n]:
//
//	X[n,p,c] = Table[c, Pixels[i,p,c]]  and  Y[n] = Labels[i].
//
// Where i is negative, and beyond the At[1] batches of the order, there is no example: zeros, with the label -1. The table has the number that each
// byte of a channel stands for, so that normalizing takes no arithmetic.
type GatherBatch struct {
	N, P, C     int // rows of the batch; pixels and channels of an image
	Of, Batches int // examples of the set, and batches that the order has room for

	Pixels, Labels, Order, At, Table, X, Y *Buffer
}

// BytesOfTable is how many numbers a table has for each channel.
const BytesOfTable = 256

// Name implements [Op].
func (op GatherBatch) Name() string { return "gather_batch" }

// Operands implements [Op].
func (op GatherBatch) Operands() []Operand {
	image := op.P * op.C
	return []Operand{
		Bytes("pixels", op.Pixels, Read, op.Of*image), Ints("labels", op.Labels, Read, op.Of), Ints("order", op.Order, Read, op.Batches*op.N),
		Ints("at", op.At, Read, AtSize), Floats("table", op.Table, Read, op.C*BytesOfTable),
		Floats("x", op.X, Write, op.N*image), Ints("y", op.Y, Write, op.N),
	}
}

// Cost implements [Op]. Of the set a batch is read.
func (op GatherBatch) Cost() Cost {
	values := op.N * op.P * op.C
	numbers := values + 3*op.N + AtSize + op.C*BytesOfTable // X, then what the order, the labels and Y have for each row
	return Cost{Bytes: int64(values + 4*numbers)}
}
