package train

import (
	"cmp"
	"fmt"
	"math"

	"cnn-gpu/internal/wording"
)

// Schedule says how the learning rate changes during a Fit.
type Schedule interface {
	// Name is how the schedule is chosen, such as "cosine".
	Name() string
	// Check says what is wrong with the schedule's settings.
	Check() error
	// Factor is what the optimizer's learning rate is multiplied by in a step.
	Factor(m Moment) float64
	// Ends says whether the factor stays as it is after the schedule's steps.
	Ends() bool
}

// Moment is how far a Fit has come before a step. A warm-up's steps do not count.
type Moment struct {
	Step     int       // from 0
	Steps    int       // that the schedule is for
	PerEpoch int       // steps of an epoch
	Rate     float64   // the optimizer's learning rate
	Losses   []float64 // of the epochs that are complete: the validation's or, without one, the training's
}

// epochs is the part of Moment.Step in epochs.
func (m Moment) epochs() float64 { return float64(m.Step) / float64(m.PerEpoch) }

// part is how much of the schedule is over, from 0 to 1.
func (m Moment) part() float64 { return min(float64(m.Step)/float64(m.Steps), 1) }

// schedules are those that are chosen by name, with the settings that they read.
var schedules = wording.Table[string, func(r *reader) Schedule]{
	{Word: Constant{}.Name(), Value: func(*reader) Schedule { return Constant{} }},
	{Word: StepDecay{}.Name(), Value: func(r *reader) Schedule {
		var s StepDecay
		r.whole("every", &s.Every)
		r.number("gamma", &s.Gamma)
		return s
	}},
	{Word: ExponentialDecay{}.Name(), Value: func(r *reader) Schedule {
		var s ExponentialDecay
		r.number("gamma", &s.Gamma)
		return s
	}},
	{Word: PolynomialDecay{}.Name(), Value: func(r *reader) Schedule {
		var s PolynomialDecay
		r.number("power", &s.Power)
		r.orNone("end", &s.End)
		return s
	}},
	{Word: CosineDecay{}.Name(), Value: func(r *reader) Schedule {
		var s CosineDecay
		r.whole("cycles", &s.Cycles)
		r.orNone("end", &s.End)
		return s
	}},
	{Word: OneCycle{}.Name(), Also: []string{"one_cycle"}, Value: func(r *reader) Schedule {
		var s OneCycle
		r.number("max", &s.Max)
		r.number("start", &s.Start)
		r.number("peak", &s.Peak)
		r.number("end", &s.End)
		return s
	}},
	{Word: Plateau{}.Name(), Value: func(r *reader) Schedule {
		var s Plateau
		r.whole("patience", &s.Patience)
		r.number("gamma", &s.Gamma)
		r.orNone("end", &s.End)
		return s
	}},
}

// ScheduleNames lists the names that [ParseSchedule] knows.
func ScheduleNames() []string { return schedules.Words() }

// ScheduleHelp lists the names for people, each with the settings that it takes.
func ScheduleHelp() string {
	var list []string
	for _, row := range schedules {
		r := &reader{}
		row.Value(r)
		text := row.Word
		if len(r.words) > 0 {
			text += " (" + wording.And(r.words) + ")"
		}
		list = append(list, text)
	}
	return wording.Or(list)
}

// ParseSchedule reads a name of [ScheduleNames] and, behind commas, settings: "cosine", "step,every=2,gamma=0.5". What is left out has the
// type's default.
func ParseSchedule(text string) (Schedule, error) {
	name, settings, err := parseSettings(text, "step,every=2,gamma=0.5")
	make, unknown := schedules.Find("schedule", name)
	if unknown != nil {
		return nil, fmt.Errorf("train: %w", unknown)
	}
	r := &reader{settings: settings}
	var s Schedule
	if err == nil {
		s = make(r)
		err = cmp.Or(r.end(), s.Check())
	}
	if err != nil {
		return nil, fmt.Errorf("train: schedule %s: %w", name, err)
	}
	return s, nil
}

// share checks a factor that is at most 1.
func share(name string, v float64) error {
	if !(v >= 0 && v <= 1) {
		return fmt.Errorf("%s %v; give a part of the learning rate, from 0 to 1", name, v)
	}
	return vanishes(name, v)
}

// shrinks checks what a factor is multiplied by.
func shrinks(name string, v float64) error {
	if !(v > 0 && v <= 1) {
		return fmt.Errorf("%s %v; give a number above 0 and up to 1", name, v)
	}
	return vanishes(name, v)
}

// halfCosine goes from one value to another as half a wave of a cosine does.
func halfCosine(from, to, part float64) float64 { return to + (from-to)*(1+math.Cos(math.Pi*part))/2 }
