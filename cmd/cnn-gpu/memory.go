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
)

// shownValues is how many of the largest values are listed.
const shownValues = 12

// stepMemory is where the memory of a training step goes, and what a training takes besides, in bytes.
type stepMemory struct {
	Kept       int `json:"kept_bytes"`
	Arena      int `json:"arena_bytes"`
	Scratch    int `json:"scratch_bytes"`
	Total      int `json:"total_bytes"`
	Unshared   int `json:"arena_bytes_without_reuse"`
	Evaluation int `json:"evaluation_bytes"` // besides
	Copy       int `json:"host_copy_bytes"`  // of what is saved
}

func memoryOf(training, evaluation device.Schedule, saved []*kernels.Buffer) stepMemory {
	m := stepMemory{
		Kept: training.Plan.Bytes() - training.Plan.Arena, Arena: training.Plan.Arena, Scratch: training.Scratch + training.Derived,
		Total: device.Bytes(training), Unshared: training.Plan.Sum,
	}
	m.Evaluation = device.Bytes(training, evaluation) - m.Total
	for _, b := range saved {
		m.Copy += b.Bytes()
	}
	return m
}

// memoryPlan is each value of a training step, the largest first.
type memoryPlan struct {
	Kept  []keptValue  `json:"kept"`
	Arena []arenaValue `json:"arena"`
}

type keptValue struct {
	Name  string        `json:"name"`
	Shape kernels.Shape `json:"shape"`
	Bytes int           `json:"bytes"`
}

// arenaValue is a value, or the workspace of an op, that lives within a step.
type arenaValue struct {
	Name    string        `json:"name"`
	Shape   kernels.Shape `json:"shape,omitempty"` // a workspace has none
	Bytes   int           `json:"bytes"`
	Offset  int           `json:"offset"`
	FirstOp int           `json:"first_op"` // by which it is there, counted from 0
	LastOp  int           `json:"last_op"`
	MadeBy  string        `json:"made_by"`
}

func planOf(s device.Schedule) *memoryPlan {
	p := &memoryPlan{}
	for _, b := range s.Plan.Kept {
		p.Kept = append(p.Kept, keptValue{b.Name, b.Shape, b.Bytes()})
	}
	slices.SortStableFunc(p.Kept, func(a, b keptValue) int { return cmp.Compare(b.Bytes, a.Bytes) })
	for _, v := range s.Plan.Values {
		value := arenaValue{"workspace", nil, v.Bytes, v.Offset, v.First, v.Last, s.Ops[v.First].Name()}
		if v.Buffer != nil {
			value.Name, value.Shape = v.Buffer.Name, v.Buffer.Shape
		}
		p.Arena = append(p.Arena, value)
	}
	return p
}

// printMemory shows where the memory of a training step goes.
func (s *summary) printMemory(w io.Writer) {
	m := s.Memory
	wording.English.Fprintf(w, "Memory of a training step with %s and batches of %d on %s:\n", s.Optimizer, s.Batch, s.Device)
	wording.English.Fprintf(w, "  kept from step to step  %15d bytes: %d values\n", m.Kept, len(s.Plan.Kept))
	wording.English.Fprintf(w, "  the arena               %15d bytes: %d that live within a step\n", m.Arena, len(s.Plan.Arena))
	wording.English.Fprintf(w, "  scratch                 %15d bytes: what ops work with besides\n", m.Scratch)
	wording.English.Fprintf(w, "  together                %15d bytes\n", m.Total)
	wording.English.Fprintf(w, "Besides, evaluation takes %d bytes, and the copy to save the training from %d bytes of the host's.\n", m.Evaluation, m.Copy)
	wording.English.Fprintf(w, "Without reuse the arena would take %d bytes: reuse saved %.1f%%.\n", m.Unshared, 100*(1-float64(m.Arena)/float64(max(m.Unshared, 1))))

	t := newTable("Kept", "Shape", "Bytes")
	for _, v := range s.Plan.Kept[:min(len(s.Plan.Kept), shownValues)] {
		t.AppendRow(table.Row{v.Name, v.Shape, wording.English.Sprint(v.Bytes)})
	}
	rightAlign(t, 3)
	printTable(w, t)
	sayMore(w, len(s.Plan.Kept))

	t = newTable("In the arena", "Shape", "Bytes", "At byte", "Ops", "Made by")
	for _, v := range s.Plan.Arena[:min(len(s.Plan.Arena), shownValues)] {
		shape := ""
		if v.Shape != nil {
			shape = fmt.Sprint(v.Shape)
		}
		t.AppendRow(table.Row{v.Name, shape, wording.English.Sprint(v.Bytes), wording.English.Sprint(v.Offset), fmt.Sprintf("%d-%d", v.FirstOp, v.LastOp), v.MadeBy})
	}
	rightAlign(t, 3, 4, 5)
	t.Spare(4)
	printTable(w, t)
	sayMore(w, len(s.Plan.Arena))
	fmt.Fprintf(w, "Ops: the first and the last that need the value, counted from 0; there are %d.\n", s.opCount)
}

// sayMore says how many values a table of the largest leaves out.
func sayMore(w io.Writer, values int) {
	if more := values - shownValues; more > 0 {
		fmt.Fprintf(w, "and %d smaller ones\n", more)
	}
}
