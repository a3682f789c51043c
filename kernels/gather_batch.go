package kernels

// GatherBatch fills a batch from a set of images that lies on the device as bytes. Row n of the batch At[0], counted from 1, has place
// r = (At[0]−1)·N + n in the order and shows the example i = Order[r]:
//
//	X[n,h,w,c] = Table[c, Pixels[i,h,w,c]]  and  Y[n] = Labels[i].
//
// Where i is negative, and beyond the At[1] batches of the order, there is no example: zeros, with the label -1. The table has the number that each
// byte of a channel stands for, so that normalizing takes no arithmetic.
//
// With Places images are moved and mirrored: the numbers of Places[r] are y, ys, x, xs, top, bottom, left and right, and the pixel is that at y + ys·h
// and x + xs·w where top ≤ h < bottom and left ≤ w < right, else Outside[c].
type GatherBatch struct {
	N, H, W, C  int // rows of the batch; the shape of an image
	Of, Batches int // examples of the set, and batches that the order has room for

	Pixels, Labels, Order, At, Table *Buffer
	Places, Outside                  *Buffer // may both be nil
	X, Y                             *Buffer
}

// BytesOfTable is how many numbers a table has for each channel, and PlaceSize how many say where an image comes to lie.
const (
	BytesOfTable = 256
	PlaceSize    = 8
)

// Name implements [Op].
func (op GatherBatch) Name() string { return "gather_batch" }

// Image is the number of an image's values.
func (op GatherBatch) Image() int { return op.H * op.W * op.C }

// Operands implements [Op].
func (op GatherBatch) Operands() []Operand {
	rows, placed := op.Batches*op.N, 0
	if op.Places != nil || op.Outside != nil {
		placed = rows
	}
	return []Operand{
		Bytes("pixels", op.Pixels, Read, op.Of*op.Image()), Ints("labels", op.Labels, Read, op.Of), Ints("order", op.Order, Read, rows),
		Ints("at", op.At, Read, AtSize), Floats("table", op.Table, Read, op.C*BytesOfTable),
		Ints("places", op.Places, Read, placed*PlaceSize).OptionalIf(op.Outside == nil), Floats("outside", op.Outside, Read, op.C).OptionalIf(op.Places == nil),
		Floats("x", op.X, Write, op.N*op.Image()), Ints("y", op.Y, Write, op.N),
	}
}

// Cost implements [Op]. Of the set and its order a batch is read.
func (op GatherBatch) Cost() Cost {
	values := op.N * op.Image()
	numbers := values + 3*op.N + AtSize + op.C*BytesOfTable // X, then what the order, the labels and Y have for each row
	if op.Places != nil {
		numbers += op.N*PlaceSize + op.C
	}
	return Cost{Bytes: int64(values + 4*numbers)}
}
