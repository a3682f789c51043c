package train

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// Snapshot is all that training changes, as it was at a moment: to go back to after a trial. It is good for the trainer that took it;
// [Snapshot.SaveCheckpoint] is for another one. It does not change when training goes on.
type Snapshot struct {
	trainer  *Trainer
	position Position
	pace     pace
	elapsed  time.Duration
	history  []Epoch
	values   []any // of the trainer's changing buffers
}

// changing lists what a training step changes, the weights first, but for the halt, and so what a checkpoint holds.
func (t *Trainer) changing() []*kernels.Buffer {
	list := append([]*kernels.Buffer{t.weights, t.step, t.totals}, t.state...)
	if t.averages != nil {
		list = append(list, t.averages)
	}
	return list
}

// Snapshot downloads all that training changes.
func (t *Trainer) Snapshot() (*Snapshot, error) {
	s := &Snapshot{trainer: t}
	for _, b := range s.buffers() {
		s.values = append(s.values, zeros(b))
	}
	return s, s.Retake()
}

// Retake takes the snapshot anew, as the training is now, in the memory that it has. After an error it is good for nothing else.
func (s *Snapshot) Retake() error {
	t := s.trainer
	for i, b := range s.buffers() {
		if err := t.device.Download(s.values[i], b); err != nil {
			return fmt.Errorf("train: snapshot: %w", err)
		}
	}
	s.position, s.pace, s.elapsed, s.history = t.position, t.pace, t.elapsed, slices.Clone(t.history)
	return nil
}

// buffers are those whose values a snapshot holds.
func (s *Snapshot) buffers() []*kernels.Buffer { return append(s.trainer.changing(), s.trainer.halt) }

// Position is how far training had come.
func (s *Snapshot) Position() Position { return s.position }

// History lists the epochs that were complete.
func (s *Snapshot) History() []Epoch { return s.history }

// Weights are the weights of that moment, with an EMA their averages. They share the snapshot's memory.
func (s *Snapshot) Weights() (*model.Weights, error) {
	at := slices.Index(s.buffers(), s.trainer.averaged())
	return s.trainer.model.WeightsIn(s.values[at].([]float32))
}

// Restore goes back to a snapshot: training goes on as if nothing had happened since.
func (t *Trainer) Restore(s *Snapshot) error {
	if s == nil {
		return errors.New("train: restore: the snapshot is nil; take one by Snapshot")
	}
	if s.trainer != t {
		return errors.New("train: restore: another trainer took this snapshot; a checkpoint goes from one to another")
	}
	for i, b := range s.buffers() {
		if err := t.device.Upload(b, s.values[i]); err != nil {
			return fmt.Errorf("train: restore: %w", err)
		}
	}
	t.position, t.pace, t.elapsed, t.history = s.position, s.pace, s.elapsed, slices.Clone(s.history)
	return nil
}

// zeros are the values of a buffer that nobody wrote, on the host.
func zeros(b *kernels.Buffer) any { return kernels.NewMem(b.Type, b.Elements()).Values() }
