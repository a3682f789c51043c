package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

// shownValues is how many of the largest values are listed.
const shownValues = 12

// trainingSchedule is what a device makes of a training step.
func trainingSchedule(m *model.Model, o train.Optimizer, batch int, deviceName string) (device.Schedule, error) {
	lists, err := train.Lower(m, train.Options{Optimizer: o}, batch)
	if err != nil {
		return device.Schedule{}, err
	}
	return device.NewSchedule(deviceName, device.Options{}, lists.Training.Ops(), device.CompileOptions{})
}

// printMemory shows where the memory of a training step goes.
func printMemory(w io.Writer, m *model.Model, o train.Optimizer, batch int, deviceName string) error {
	schedule, err := trainingSchedule(m, o, batch, deviceName)
	if err != nil {
		return err
	}
	plan, ops := schedule.Plan, schedule.Ops
	kept := plan.Bytes() - plan.Arena
	wording.English.Fprintf(w, "Memory of a training step with %s and batches of %d on %s:\n", o.Name(), batch, deviceName)
	wording.English.Fprintf(w, "  kept from step to step  %15d bytes: %d values\n", kept, len(plan.Kept))
	wording.English.Fprintf(w, "  the arena               %15d bytes: %d values and workspaces that live within a step\n", plan.Arena, len(plan.Values))
	wording.English.Fprintf(w, "  scratch                 %15d bytes: what ops work with besides, and derive from the weights\n", schedule.Scratch)
	wording.English.Fprintf(w, "  together                %15d bytes\n", schedule.Bytes())
	wording.English.Fprintf(w, "Without reuse the arena would take %d bytes: reuse saved %.1f%%.\n", plan.Sum, 100*(1-float64(plan.Arena)/float64(max(plan.Sum, 1))))

	t := newTable("Kept", "Shape", "Bytes")
	slices.SortStableFunc(plan.Kept, func(a, b *kernels.Buffer) int { return cmp.Compare(b.Bytes(), a.Bytes()) })
	for _, b := range plan.Kept[:min(len(plan.Kept), shownValues)] {
		t.AppendRow(table.Row{b.Name, b.Shape, wording.English.Sprint(b.Bytes())})
	}
	rightAlign(t, 3)
	fmt.Fprintln(w, t.Render())

	t = newTable("In the arena", "Shape", "Bytes", "At byte", "From op", "To op")
	for _, v := range plan.Values[:min(len(plan.Values), shownValues)] {
		name, shape := "workspace", any("")
		if v.Buffer != nil {
			name, shape = v.Buffer.Name, v.Buffer.Shape
		}
		at := func(op int) string { return fmt.Sprintf("%d %s", op, ops[op].Name()) }
		t.AppendRow(table.Row{name, shape, wording.English.Sprint(v.Bytes), wording.English.Sprint(v.Offset), at(v.First), at(v.Last)})
	}
	rightAlign(t, 3, 4)
	fmt.Fprintln(w, t.Render())
	if more := len(plan.Values) - shownValues; more > 0 {
		fmt.Fprintf(w, "and %d smaller ones. Ops are counted from 0; there are %d.\n", more, len(ops))
	}
	return nil
}
