package train

import (
	"fmt"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/loader"
)

// mixing holds what says, for each row of a batch, which two classes it shows and how much of each. Of rows that show one the second label is the first,
// and its share 0.
type mixing struct {
	second        *kernels.Buffer // labels
	first, shares *kernels.Buffer // how much of the first label, and of the second: 1 together, unless they weigh more or less
}

func newMixing(batch int) *mixing {
	return &mixing{
		second: kernels.Kept("second labels", kernels.Int32, batch),
		first:  kernels.Kept("first shares", kernels.Float32, batch), shares: kernels.Kept("second shares", kernels.Float32, batch),
	}
}

// upload puts a batch's labels and shares, times what they weigh in the step, onto the device, if there are any.
func (m *mixing) upload(s *Step, b *loader.Batch) error {
	if m == nil {
		return nil
	}
	first, second := s.weigh(b.Labels, b.Weights), s.weigh(b.Second, b.SecondWeights)
	for i, share := range b.Shares {
		first[i] *= 1 - share
		second[i] *= share
	}
	for buffer, values := range map[*kernels.Buffer]any{m.second: b.Second, m.first: first, m.shares: second} {
		if err := s.trainer.device.Upload(buffer, values); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// objective emits the loss of a binding and its gradient. Of mixed examples it is the sum of the losses of both labels, each times its share (Zhang et
// al., "mixup: beyond empirical risk minimization", ICLR 2018: for what is linear in the target it is the loss of the mixed target), and each times
// what its own example and class weigh: as PyTorch's CrossEntropyLoss(weight) of targets that are probabilities.
func (t *Trainer) objective(b LossBinding, l *model.Lowered, m *mixing) (forward, backward []kernels.Op) {
	if m == nil {
		return t.lossForward(l, b), t.lossBackward(b)
	}
	first, second := b, t.bindLoss(l, m.second, false)
	first.PerItem, first.DX = like(b.PerItem, "first loss"), like(b.DX, "first gradient")
	second.DX = like(b.DX, "second gradient")
	forward = append(t.loss.Forward(first), t.loss.Forward(second)...)
	forward = append(forward, m.weigh(first.PerItem, second.PerItem, b.PerItem)...)
	forward = append(forward, t.penalties(l, b)...)
	backward = append(t.loss.Backward(first), t.loss.Backward(second)...)
	return forward, append(backward, m.weigh(first.DX, second.DX, b.DX)...)
}

// weigh emits Y[n,k] = first share[n]·A[n,k] + second share[n]·B[n,k].
func (m *mixing) weigh(a, b, y *kernels.Buffer) []kernels.Op {
	rows := m.second.Elements()
	g := kernels.Binary{Function: kernels.Multiply, N: rows, M: y.Elements() / rows, K: 1}
	ofFirst, ofSecond := like(y, "first part"), like(y, "second part")
	return []kernels.Op{
		kernels.BinaryFprop{Binary: g, A: a, B: m.first, Y: ofFirst},
		kernels.BinaryFprop{Binary: g, A: b, B: m.shares, Y: ofSecond},
		kernels.Add{A: ofFirst, B: ofSecond, Y: y},
	}
}

// like is a buffer of another's type and shape.
func like(b *kernels.Buffer, name string) *kernels.Buffer {
	return kernels.NewBuffer(name, b.Type, b.Shape...)
}
