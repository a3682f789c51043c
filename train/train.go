// Package train fits models to data: optimizers, losses, epochs, evaluation, checkpoints and the folder of a run.
//
// The words are Keras's: [Compile] a model with a device, an optimizer, a loss and metrics; then [Trainer.Fit],
// [Trainer.Evaluate] and [Trainer.Predict]. Training is deterministic: the same model, data, options and device give the same
// bits.
package train

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// Metric is a figure that is reported beside the loss.
type Metric string

// Accuracy is the share of the examples whose most probable class is the right one. Of examples of several labels it is Keras's binary accuracy:
// the share of all classes, over the examples, whose probability is above a half where the class is there, and not above where it is not.
const Accuracy Metric = "accuracy"

// Options say how a model is trained.
type Options struct {
	Device    device.Device // the CPU if nil
	Optimizer Optimizer     // needed by Fit alone
	Clipping  Clipping      // of the gradients
	EMA       EMA           // the average of the weights over the steps, if there is to be one
	Schedule  Schedule      // of the learning rate in Fit; Constant if nil
	WarmUp    int           // steps of a Fit in which the learning rate grows evenly, before the schedule begins
	Loss      Loss          // SparseCategoricalCrossEntropy if nil
	Targets   data.Targets  // what the answers of the examples are; the numbers of classes if 0
	Metrics   []Metric
	// ClassWeights multiplies the loss of each example by the weight of its class while training, as Keras's class_weight: the mean stays that
	// over the number of examples. Of mixed examples, each label's part of the loss has its own class's weight. None if empty; see [data.ClassWeights].
	ClassWeights []float64
	// SampleWeights multiplies the loss of each example by its own weight, in training and evaluation: that of a [data.WeightedSet], or
	// of [Examples]. It multiplies with ClassWeights.
	SampleWeights bool

	// Seed chooses the initial weights, the order of the examples and what layers draw.
	Seed uint64
	// Strict computes every sum as it stands, by no algorithm that rounds otherwise: slower, and with smaller error bounds.
	Strict bool
	// Precision is the one of the factors that the device multiplies, and FP32 with Strict. Weights and the optimizer's state stay float32.
	Precision kernels.Precision
	// Normalization of what the model sees of a data set's images, in training, evaluation and prediction alike; none if it is zero.
	Normalization data.Normalization
	// Weights to begin with, which stay as they are; drawn by the model's initializers if nil.
	Weights *model.Weights
}

// Trainer is a model on a device with all that training changes: weights, the optimizer's state and the position in the data.
// It is used by one goroutine at a time.
type Trainer struct {
	model      *model.Model
	device     device.Device
	ownsDevice bool
	optimizer  Optimizer
	clipping   Clipping
	schedule   Schedule // nil if the learning rate stays as it is
	warmUp     int
	ema        EMA
	loss       Loss
	output     *model.Node // where the op lists end: the loss goes on from there
	targets    data.Targets

	classWeights  []float64
	sampleWeights bool

	accuracy  bool
	seed      uint64
	compile   device.CompileOptions
	precision kernels.Precision // in which the device multiplies

	normalization      data.Normalization
	weights            *kernels.Buffer   // of all parameters
	averages           *kernels.Buffer   // of all parameters, too; nil without an EMA
	gradients          *kernels.Buffer   // of those that are not frozen
	state              []*kernels.Buffer // the optimizer's, as gradients
	rate, step, halt   *kernels.Buffer
	totals, evalTotals *kernels.Buffer
	learningRate       float64 // that rate holds

	fits      map[int]*Step // by batch size
	mixed     map[int]*Step // of examples that may be mixed of two
	evals     map[int]*Step
	predicts  map[int]*Step
	residents []*resident // sets that lie on the device, with steps of their own
	position  Position
	pace      pace          // of the Fit that is under way
	elapsed   time.Duration // that training took for the batches of the epoch under way
	history   []Epoch
	clock     func() time.Time
}

// Position says how far training has come.
type Position struct {
	Epoch int `json:"epoch"` // epochs that are complete, over all calls of Fit
	Fit   int `json:"fit"`   // of these, the ones that belong to the Fit which is under way
	Batch int `json:"batch"` // batches of the epoch that are done
}

// Compile makes a model ready to train and run on a device.
func Compile(m *model.Model, o Options) (*Trainer, error) {
	t, err := newTrainer(m, o)
	if err != nil {
		return nil, err
	}
	weights := o.Weights
	if weights == nil {
		if err := device.CheckHostMemory(int64(t.weights.Bytes())); err != nil {
			return nil, fmt.Errorf("train: the model's weights: %w", err)
		}
		weights = m.InitialWeights(o.Seed)
	}
	if weights, err = weights.For(m); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if t.device == nil {
		if t.device, err = device.OpenCPU(device.Options{}); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		t.ownsDevice = true
	}
	t.precision, err = t.device.Precision(t.compile)
	if err == nil {
		err = t.initialize(weights)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// newTrainer is a trainer that has nothing on its device yet.
func newTrainer(m *model.Model, o Options) (*Trainer, error) {
	switch {
	case m == nil || m.Output == nil:
		return nil, errors.New("train: there is no model; build one, such as by model.Sequential or model.Open")
	case o.Device != nil && isNil(o.Device), o.Optimizer != nil && isNil(o.Optimizer), o.Loss != nil && isNil(o.Loss), o.Schedule != nil && isNil(o.Schedule):
		return nil, errors.New("train: a device, optimizer, schedule or loss is a nil pointer; leave the option out for its default")
	}
	t := &Trainer{
		model: m, device: o.Device, optimizer: o.Optimizer, clipping: o.Clipping, schedule: o.Schedule, warmUp: o.WarmUp, ema: o.EMA, loss: o.Loss, seed: o.Seed,
		compile:       device.CompileOptions{Strict: o.Strict, Precision: o.Precision},
		normalization: o.Normalization,
		weights:       m.ParamBuffer(weightsName), gradients: m.GradientBuffer("gradients"),
		rate:       kernels.Kept("rate", kernels.Float32, 1),
		step:       kernels.Kept("step", kernels.Int32, 1),
		halt:       kernels.Kept("halt", kernels.Int32, 1),
		totals:     kernels.Kept("totals", kernels.Float32, kernels.TallySize),
		evalTotals: kernels.Kept("eval totals", kernels.Float32, kernels.TallySize),
		fits:       map[int]*Step{}, mixed: map[int]*Step{}, evals: map[int]*Step{}, predicts: map[int]*Step{}, clock: time.Now,
	}
	t.gradients.Keep = false // a step makes them anew
	if t.loss == nil {
		t.loss = SparseCategoricalCrossEntropy{}
	}
	var err error
	if t.output, err = t.loss.Attach(m); err != nil {
		return nil, fmt.Errorf("train: loss %s: %w", t.loss.Name(), err)
	}
	t.targets, t.classWeights, t.sampleWeights = o.Targets, slices.Clone(o.ClassWeights), o.SampleWeights
	if t.targets == data.MultiLabel {
		t.totals, t.evalTotals = kernels.Kept("totals", kernels.Float32, kernels.BinaryTallySize), kernels.Kept("eval totals", kernels.Float32, kernels.BinaryTallySize)
	}
	if err := errors.Join(t.checkTargets(), t.checkClassWeights()); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	for _, metric := range o.Metrics {
		if metric != Accuracy {
			return nil, fmt.Errorf("train: unknown metric %q; choose %s", metric, Accuracy)
		}
		if t.targets == data.Values {
			return nil, errors.New("train: accuracy is of classes, and the targets are values; leave it out of Metrics")
		}
		t.accuracy = true
	}
	if err := t.normalization.Check(m.Input.Shape); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := t.clipping.Check(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if t.warmUp < 0 {
		return nil, fmt.Errorf("train: a warm-up of %d steps; give at least 1, or 0 for none", t.warmUp)
	}
	if t.schedule == nil && t.warmUp > 0 {
		t.schedule = Constant{}
	}
	if t.schedule != nil {
		if err := t.schedule.Check(); err != nil {
			return nil, fmt.Errorf("train: schedule %s: %w", t.schedule.Name(), err)
		}
	}
	if err := t.ema.Check(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if t.optimizer != nil {
		if t.ema.Momentum != 0 {
			t.averages = m.ParamBuffer(averagesName)
		}
		if err := t.optimizer.Check(); err != nil {
			return nil, fmt.Errorf("train: optimizer %s: %w", t.optimizer.Name(), err)
		}
		t.state = t.optimizer.State(t.gradients.Elements())
	}
	return t, nil
}

// checkTargets refuses a loss that takes labels alone where the targets are others.
func (t *Trainer) checkTargets() error {
	switch {
	case t.targets < data.ClassLabels || t.targets > data.Values:
		return fmt.Errorf("unknown targets %v; choose data.ClassLabels, data.MultiLabel or data.Values", t.targets)
	case t.targets == data.ClassLabels || t.loss.Name() != SparseCategoricalCrossEntropy{}.Name():
		return nil
	case t.targets == data.MultiLabel:
		return &MultiLabelError{}
	}
	return fmt.Errorf("loss %s takes the number of one class, and the targets are values; take a loss of values, such as MeanSquaredError", t.loss.Name())
}

func (t *Trainer) checkClassWeights() error {
	switch units := t.output.Shape.Elements(); {
	case len(t.classWeights) == 0:
		return nil
	case t.targets != data.ClassLabels:
		return fmt.Errorf("there are weights of classes, and targets of %v, which have no one class; take SampleWeights", t.targets)
	case len(t.classWeights) > units:
		return fmt.Errorf("there are weights of %d classes, and the model's last layer has %d units; give each class one", len(t.classWeights), units)
	}
	for class, w := range t.classWeights {
		if !(w >= 0 && w <= math.MaxFloat32) {
			return fmt.Errorf("the weight of class %d is %v; give a number that is at least 0", class, w)
		}
	}
	return nil
}

// MultiLabelError is of a loss that takes the number of one class where examples have several labels.
type MultiLabelError struct{}

func (*MultiLabelError) Error() string {
	return "the loss takes the number of one class, and the examples have several labels: take BinaryCrossEntropy, and a model that ends with a sigmoid"
}

// isNil says whether a value of an interface is missing, or a pointer to nothing.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return v == nil || value.Kind() == reflect.Pointer && value.IsNil()
}

// initialize uploads the weights and the learning rate. All else begins as zeros, as a device makes it.
func (t *Trainer) initialize(weights *model.Weights) error {
	for _, b := range []*kernels.Buffer{t.weights, t.averages} {
		if b == nil {
			continue
		}
		if err := t.device.Upload(b, weights.Padded()); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if t.optimizer == nil {
		return nil
	}
	return t.setRate(t.optimizer.Rate())
}

// setRate uploads the learning rate.
func (t *Trainer) setRate(rate float64) error {
	if err := t.device.Upload(t.rate, []float32{float32(rate)}); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	t.learningRate = rate
	return nil
}

// clear sets a kept value to zero.
func (t *Trainer) clear(b *kernels.Buffer) error {
	if err := t.device.Upload(b, zeros(b)); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// Model is the model that is trained.
func (t *Trainer) Model() *model.Model { return t.model }

// Device is where it runs.
func (t *Trainer) Device() device.Device { return t.device }

// Precision is the one in which the device multiplies.
func (t *Trainer) Precision() kernels.Precision { return t.precision }

// History lists the epochs that are complete.
func (t *Trainer) History() []Epoch { return t.history }

// Position is how far training has come.
func (t *Trainer) Position() Position { return t.position }

// Weights downloads the weights, with an EMA their averages.
func (t *Trainer) Weights() (*model.Weights, error) {
	w := t.model.NewWeights()
	if err := t.device.Download(w.Padded(), t.averaged()); err != nil {
		return nil, fmt.Errorf("train: weights: %w", err)
	}
	return w, nil
}
