package cuda

import "cnn-gpu/kernels"

// directConv2DGatheredFprop begins a step: it counts it, gathers its batch out of a set of bytes and computes the first layer.
type directConv2DGatheredFprop struct {
	directConv2DFprop // whose X is nil if nobody else reads the batch
	Tick              kernels.Tick
	Gather            kernels.GatherBatch

	Ticket *kernels.Buffer // kept; see ticket.cuh
}

// newDirectConv2DGatheredFprop is the op with a ticket of its own.
func newDirectConv2DGatheredFprop(t kernels.Tick, g kernels.GatherBatch, conv directConv2DFprop) directConv2DGatheredFprop {
	return directConv2DGatheredFprop{conv, t, g, kernels.Kept("ticket of "+conv.Name(), kernels.Int32, 1)}
}

func (op directConv2DGatheredFprop) Name() string { return "direct_conv2d_gathered_fprop" }

func (op directConv2DGatheredFprop) Operands() []kernels.Operand {
	tick, gather, conv := op.Tick.Operands(), op.Gather.Operands(), op.directConv2DFprop.Operands()
	step, at, rates, rate := tick[0], tick[1], tick[2], tick[3]
	places, x, classes := gather[5], gather[7], gather[8]
	places.Name, classes.Name = "moves", "classes"
	x.Buffer = op.Conv.X
	return append([]kernels.Operand{
		gather[0], gather[1], gather[2], at, gather[4], places, gather[6], step.OptionalIf(true), rates, rate,
		kernels.Ints("ticket", op.Ticket, kernels.Accumulate, 1), x.OptionalIf(true), classes,
	}, conv[1:]...)
}

func (op directConv2DGatheredFprop) Cost() kernels.Cost {
	c, given := op.directConv2DFprop.Cost(), op.Gather.N*op.Gather.Image()*kernels.Float32.Size()
	c.Bytes += op.Tick.Cost().Bytes + op.Gather.Cost().Bytes - int64(given)
	return c
}

func (op directConv2DGatheredFprop) launches() []Launch {
	l := op.directConv2DFprop.launches()[0]
	l.Source, l.Function = "direct_conv2d_gathered_fprop.cu", "direct_conv2d_gathered_fprop"
	l.Shared += sharedFloats(op.Conv.C * kernels.BytesOfTable)
	l.Defines = append(l.Defines, define("N", op.Gather.N, "PLACED", op.Gather.Places != nil)...)
	return []Launch{l}
}
