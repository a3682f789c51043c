package train

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/train/data"
)

// DifferenceError says that a training cannot go on where another left off, because the two differ: it would go on with other numbers, or
// at another example.
type DifferenceError struct {
	Where       string // "checkpoint" and its path, or "fit"
	Differences []Difference
}

// Difference is what a training had when it was interrupted, and what it is to go on with.
type Difference struct {
	What       string // in a DifferenceError "model", "optimizer", "loss", "targets", "class weights", "sample weights", "clipping", "normalization", "ema", "schedule", "warm-up", "seed", "strict", "precision", "cpu code", "batch", "augmentation", "epochs of the schedule" or "examples"
	Saved, Now string
}

func (e *DifferenceError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "train: %s: the training that was interrupted differs from this one; give this one the same settings, or begin anew:", e.Where)
	for _, d := range e.Differences {
		fmt.Fprintf(&s, "\n  %v", d)
	}
	return s.String()
}

// String shows the first lines that differ.
func (d Difference) String() string {
	saved, now := firstDifference(d.Saved, d.Now)
	return fmt.Sprintf("%s: %s then, %s now", d.What, saved, now)
}

// firstDifference is the first lines in which two texts differ.
func firstDifference(a, b string) (string, string) {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	at := 0
	for at < min(len(left), len(right))-1 && left[at] == right[at] {
		at++
	}
	line := func(lines []string) string {
		if text := strings.TrimSpace(lines[min(at, len(lines)-1)]); text != "" {
			return text
		}
		return "nothing"
	}
	return line(left), line(right)
}

// identity is what a checkpoint and the trainer that loads it must have in common.
func (t *Trainer) identity() map[string]string {
	identity := map[string]string{
		modelKey:     string(t.model.YAML()),
		optimizerKey: given(fmt.Sprintf("%s %+v", t.optimizer.Name(), t.optimizer)),
		lossKey:      fmt.Sprintf("%s %+v", t.loss.Name(), t.loss),
		seedKey:      strconv.FormatUint(t.seed, 10),
		strictKey:    strconv.FormatBool(t.compile.Strict),
		precisionKey: t.compile.Precision.String(),
	}
	if t.clipping != (Clipping{}) { // missing in a checkpoint of earlier versions
		identity[clippingKey] = t.clipping.String()
	}
	if !t.normalization.IsZero() {
		identity[normalizationKey] = fmt.Sprintf("mean %v, std %v", t.normalization.Mean, t.normalization.Std)
	}
	if t.ema != (EMA{}) {
		identity[emaKey] = t.ema.String()
	}
	if t.targets != data.ClassLabels {
		identity[targetsKey] = t.targets.String()
	}
	if len(t.classWeights) > 0 {
		identity[classWeightsKey] = fmt.Sprint(t.classWeights)
	}
	if t.sampleWeights {
		identity[sampleWeightsKey] = "given"
	}
	if t.schedule != nil {
		identity[scheduleKey] = given(fmt.Sprintf("%s %+v", t.schedule.Name(), t.schedule))
	}
	if t.warmUp != 0 {
		identity[warmUpKey] = strconv.Itoa(t.warmUp)
	}
	if t.device.Name() == "cpu" {
		identity[cpuKey] = device.CPUCode()
	}
	return identity
}

// compare lists how the identity in a checkpoint differs from a trainer's. A training may go on upon another kind of device, and early
// checkpoints do not name their loss.
func compare(saved, now map[string]string) (list []Difference) {
	for _, key := range []string{modelKey, optimizerKey, lossKey, targetsKey, classWeightsKey, sampleWeightsKey, clippingKey, normalizationKey, emaKey, scheduleKey, warmUpKey, seedKey, strictKey, precisionKey, cpuKey} {
		if (key == cpuKey || key == lossKey) && (saved[key] == "" || now[key] == "") {
			continue
		}
		then := saved[key]
		if key == optimizerKey {
			then = given(then)
		}
		if key == precisionKey {
			then = cmp.Or(then, kernels.DefaultPrecision.String())
		}
		if then != now[key] {
			list = append(list, Difference{key, then, now[key]})
		}
	}
	return list
}

// given leaves the settings of an optimizer or a schedule out that have their defaults, so that a checkpoint of a version that had fewer of them is told from
// no other.
func given(text string) string {
	name, fields, _ := strings.Cut(strings.TrimSuffix(text, "}"), " {")
	settings := slices.DeleteFunc(strings.Fields(fields), func(f string) bool { return strings.HasSuffix(f, ":0") || strings.HasSuffix(f, ":false") })
	if len(settings) == 0 {
		return name
	}
	return name + " {" + strings.Join(settings, " ") + "}"
}

// pace is what a Fit counts its position in.
type pace struct {
	Batch    int `json:"batch"`    // 0 if any other may go on
	Examples int `json:"examples"` // 0 if any other number may go on
	// ScheduleEpochs are those of the learning rate's schedule; 0 without one.
	ScheduleEpochs int `json:"schedule_epochs,omitempty"`
	// Augment is how the examples are changed; empty if they are not.
	Augment string `json:"augment,omitempty"`
}

const (
	batchDifference    = "batch"
	examplesDifference = "examples"
)

// begin lets a Fit begin, or go on if it has the pace of the one that is under way.
func (t *Trainer) begin(p pace) error {
	if t.position.Fit > 0 || t.position.Batch > 0 {
		differences := slices.DeleteFunc([]Difference{
			{batchDifference, strconv.Itoa(cmp.Or(t.pace.Batch, p.Batch)), strconv.Itoa(p.Batch)},
			{"augmentation", t.pace.Augment, p.Augment},
			{"epochs of the schedule", strconv.Itoa(t.pace.ScheduleEpochs), strconv.Itoa(p.ScheduleEpochs)},
			{examplesDifference, strconv.Itoa(cmp.Or(t.pace.Examples, p.Examples)), strconv.Itoa(p.Examples)},
		}, func(d Difference) bool { return d.Saved == d.Now })
		if len(differences) > 0 {
			return &DifferenceError{"fit", differences}
		}
	}
	t.pace = p
	return nil
}
