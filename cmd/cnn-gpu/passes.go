package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/train"
)

// pass is what a pass over the op lists does, and how often it did so.
type pass struct {
	Name       string `json:"name"`
	Does       string `json:"does"`
	Training   int    `json:"training"`
	Evaluation int    `json:"evaluation"`
	Rounds     bool   `json:"rounds"` // otherwise than the sums as they stand: --strict leaves it out
}

// scheduledOp is an op as the device runs it in a training step.
type scheduledOp struct {
	Layer     string `json:"layer"`
	Op        string `json:"op"`
	Parts     int    `json:"parts"` // the number of the list's ops that it stands for
	FLOPs     int64  `json:"flops"`
	Bytes     int64  `json:"bytes"` // of its operands, each read or written once
	Algorithm string `json:"algorithm,omitempty"`
	Group     int    `json:"group,omitempty"`    // ops of a group take turns on a few images of the batch; from 1
	Launches  int    `json:"launches,omitempty"` // of kernels, on a GPU
	Stage     int    `json:"stage,omitempty"`    // that of the first; from 1
}

// stepTotals is what the ops of a training step on a GPU come to.
type stepTotals struct {
	Launches int   `json:"launches"`
	Stages   int   `json:"stages"` // the most launches of which each waits for the one before
	Bytes    int64 `json:"bytes"`  // of all operands, each read or written once
}

// stepOf is nil where the ops run one after the other.
func stepOf(ops []scheduledOp, s device.Schedule) *stepTotals {
	if s.Stages == 0 {
		return nil
	}
	total := &stepTotals{Launches: s.Launches, Stages: s.Stages}
	for _, op := range ops {
		total.Bytes += op.Bytes
	}
	return total
}

func passesOf(training, evaluation device.Schedule) []pass {
	var list []pass
	for i, p := range training.Passes {
		list = append(list, pass{p.Name, p.Does, p.Times, evaluation.Passes[i].Times, p.Rounds})
	}
	return list
}

func opsOf(list *train.OpList, s device.Schedule) []scheduledOp {
	var ops []scheduledOp
	layers := list.Layers(s)
	for i, op := range s.Ops {
		cost := op.Cost()
		ops = append(ops, scheduledOp{layers[i], op.Name(), len(op.Parts), cost.FLOPs, cost.Bytes, op.Algorithm, op.Group, op.Launches, op.Stage})
	}
	return ops
}

// printPasses shows how a device rewrites a model's op lists, and what it runs in a training step.
func (s *summary) printPasses(w io.Writer) {
	t := newTable("Pass", "In training", "In evaluation", "With --strict")
	indent := 0
	for _, p := range s.Passes {
		strict := "runs"
		if p.Rounds {
			strict = "left out"
		}
		t.AppendRow(table.Row{p.Name, p.Training, p.Evaluation, strict})
		indent = max(indent, len(p.Name)+2)
	}
	rightAlign(t, 2, 3)
	printTable(w, t)
	for _, p := range s.Passes {
		printFact(w, p.Name, indent, p.Does)
	}

	fmt.Fprintf(w, "The ops of a training step on %s, in %v:\n", s.Device, s.Precision)
	header := []any{"Layer", "Op", "Ops", "MFLOP", "MB", "Algorithm"}
	if s.Step != nil {
		header = append(header, "Launches", "Stage")
	} else {
		header = append(header, "Group")
	}
	t = newTable(header...)
	for _, op := range s.Ops {
		row := table.Row{op.Layer, op.Op, "", "", fmt.Sprintf("%.3f", float64(op.Bytes)/1e6), op.Algorithm}
		if op.Parts > 1 {
			row[2] = op.Parts
		}
		if op.FLOPs > 0 {
			row[3] = fmt.Sprintf("%.3f", float64(op.FLOPs)/1e6)
		}
		switch {
		case s.Step != nil:
			row = append(row, op.Launches, op.Stage)
		case op.Group > 0:
			row = append(row, op.Group)
		default:
			row = append(row, "")
		}
		t.AppendRow(row)
	}
	rightAlign(t, 3, 4, 5, 7, 8)
	t.Spare(4, 5, 3, 7)
	printTable(w, t)
	fmt.Fprintln(w, "Ops: of the model's list that it stands for, where there are several. MB: of its\noperands, each read or written once.")
	if s.Step != nil {
		wording.English.Fprintf(w, "A step is %d launches in %d stages, and %.1f MB. A launch waits for those of earlier\nstages that it needs; those of one stage run at the same time.\n",
			s.Step.Launches, s.Step.Stages, float64(s.Step.Bytes)/1e6)
	} else {
		fmt.Fprintln(w, "The ops of a group take turns on a few images, while what they hand on is in the\ncache.")
	}
}
