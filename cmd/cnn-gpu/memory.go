package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

// shownValues is how many of the largest values are listed.
const shownValues = 12

// printMemory shows where the memory of a training step goes, by the plan that a GPU is given.
func printMemory(w io.Writer, m *model.Model, o train.Optimizer, batch int) error {
	lists, err := train.Lower(m, train.Options{Optimizer: o}, batch)
	if err != nil {
		return err
	}
	ops := kernels.Expand(lists.Training.Ops())
	plan := device.NewPlan(ops, device.Workspace)
	kept := plan.Bytes() - plan.Arena
	english.Fprintf(w, "Memory of a training step with %s and batches of %d, as it is planned for a GPU:\n", o.Name(), batch)
	english.Fprintf(w, "  kept from step to step  %15d bytes: %d values\n", kept, len(plan.Kept))
	english.Fprintf(w, "  the arena               %15d bytes: %d values and workspaces that live within a step\n", plan.Arena, len(plan.Values))
	english.Fprintf(w, "  together                %15d bytes\n", plan.Bytes())
	english.Fprintf(w, "Without reuse the arena would take %d bytes: reuse saved %.1f%%.\n", plan.Sum, 100*(1-float64(plan.Arena)/float64(max(plan.Sum, 1))))
	english.Fprintf(w, "On the CPU, which needs no workspaces, the arena takes %d bytes.\n", device.CPUPlan(lists.Training.Ops()).Arena)

	t := newTable("Kept", "Shape", "Bytes")
	slices.SortStableFunc(plan.Kept, func(a, b *kernels.Buffer) int { return cmp.Compare(b.Bytes(), a.Bytes()) })
	for _, b := range plan.Kept[:min(len(plan.Kept), shownValues)] {
		t.AppendRow(table.Row{b.Name, b.Shape, english.Sprint(b.Bytes())})
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
		t.AppendRow(table.Row{name, shape, english.Sprint(v.Bytes), english.Sprint(v.Offset), at(v.First), at(v.Last)})
	}
	rightAlign(t, 3, 4)
	fmt.Fprintln(w, t.Render())
	if more := len(plan.Values) - shownValues; more > 0 {
		fmt.Fprintf(w, "and %d smaller ones. Ops are counted from 0; there are %d.\n", more, len(ops))
	}
	return nil
}
