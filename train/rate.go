package train

import (
	"fmt"
	"slices"
)

// rateAt is the learning rate of a step of the Fit, from 0.
func (f *fitting) rateAt(step int) float64 {
	perEpoch := f.batchesPerEpoch()
	m := Moment{Step: step - f.warmUp, Steps: f.options.ScheduleEpochs*perEpoch - f.warmUp, PerEpoch: perEpoch, Rate: f.optimizer.Rate(), Losses: f.losses}
	factor := float64(step+1) / float64(f.warmUp+1)
	if m.Step >= 0 {
		factor = f.schedule.Factor(m)
	}
	return f.optimizer.Rate() * factor
}

// followSchedule gives the device the learning rate of the next step, if it is another one.
func (f *fitting) followSchedule() error {
	if f.schedule == nil {
		return nil
	}
	rate := f.rateAt(f.position.Fit*f.batchesPerEpoch() + f.position.Batch)
	if rate == f.learningRate {
		return nil
	}
	return f.setRate(rate)
}

// checkSchedule says what of a Fit its schedule has no learning rate for.
func (f *fitting) checkSchedule() error {
	if f.schedule == nil {
		return nil
	}
	epochs := f.options.ScheduleEpochs
	steps := epochs * f.batchesPerEpoch()
	if f.warmUp >= steps {
		return fmt.Errorf("train: a warm-up of %d steps; %d epochs have %d: give fewer, or more epochs", f.warmUp, epochs, steps)
	}
	if f.options.Epochs > epochs && f.schedule.Ends() && f.rateAt(steps) == 0 {
		return fmt.Errorf("train: the schedule %s ends after %d epochs with a learning rate of 0: nothing is learnt after them; begin anew with %d epochs, or with a schedule that ends higher",
			f.schedule.Name(), epochs, f.options.Epochs)
	}
	return nil
}

// scheduledRate is the learning rate of the epoch's last step, which may have run before the Fit was resumed; 0 if there is no schedule.
func (f *fitting) scheduledRate() float64 {
	if f.schedule == nil {
		return 0
	}
	return f.rateAt(f.position.Fit*f.batchesPerEpoch() + f.position.Batch - 1)
}

// epochLosses are what was measured after each complete epoch of the Fit under way: on the validation data or, without any, in training.
func (t *Trainer) epochLosses() (losses []float64) {
	for _, e := range t.ofFit() {
		losses = append(losses, e.loss())
	}
	return losses
}

// ofFit is the history of the Fit under way.
func (t *Trainer) ofFit() []Epoch {
	return slices.Clip(t.history[len(t.history)-t.position.Fit:])
}

// loss is what is looked at: the validation's or, without one, the training's.
func (e Epoch) loss() float64 {
	if e.Validation != nil {
		return e.Validation.Loss
	}
	return e.Training.Loss
}
