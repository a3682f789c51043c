package kernels

// Tick begins a step: Step[0] += 1. Where an epoch's batches lie on the device, At[0] += 1, which is the number of the batch from 1, of At[1] that
// there are; and where the learning rate changes with them, Rate[0] = Rates[At[0]−1]. All of it lives on the device, so that a step needs nothing
// from the host but its batch, or not even that.
type Tick struct {
	Step        *Buffer // may be nil in evaluation
	At          *Buffer // may be nil
	Rates, Rate *Buffer // may both be nil
}

// AtSize is the number of elements of At: the batch, and how many there are.
const AtSize = 2

// Name implements [Op].
func (op Tick) Name() string { return "tick" }

// Operands implements [Op].
func (op Tick) Operands() []Operand {
	return []Operand{
		Ints("step", op.Step, Accumulate, 1).OptionalIf(op.At != nil),
		Ints("at", op.At, Accumulate, AtSize).OptionalIf(op.Rates == nil),
		Floats("rates", op.Rates, Read, op.Rates.Elements()).OptionalIf(op.Rate == nil),
		Floats("rate", op.Rate, Write, 1).OptionalIf(op.Rates == nil),
	}
}

// Cost implements [Op]. Of the rates one is read.
func (op Tick) Cost() Cost {
	numbers := 2*op.Step.Elements() + 2*op.At.Elements() + 2*op.Rate.Elements()
	return Cost{Bytes: int64(numbers * Int32.Size())}
}
