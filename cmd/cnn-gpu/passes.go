package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"cnn-gpu/device"
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
	Algorithm string `json:"algorithm,omitempty"`
	Group     int    `json:"group,omitempty"` // ops of a group take turns on a few images of the batch; from 1
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
		ops = append(ops, scheduledOp{layers[i], op.Name(), len(op.Parts), op.Cost().FLOPs, op.Algorithm, op.Group})
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
	t = newTable("Layer", "Op", "Ops", "MFLOP", "Algorithm", "Group")
	for _, op := range s.Ops {
		parts, flops, group := "", "", ""
		if op.Parts > 1 {
			parts = fmt.Sprint(op.Parts)
		}
		if op.FLOPs > 0 {
			flops = fmt.Sprintf("%.3f", float64(op.FLOPs)/1e6)
		}
		if op.Group > 0 {
			group = fmt.Sprint(op.Group)
		}
		t.AppendRow(table.Row{op.Layer, op.Op, parts, flops, op.Algorithm, group})
	}
	rightAlign(t, 3, 4, 6)
	t.Spare(4)
	printTable(w, t)
	fmt.Fprintln(w, "Ops: of the model's list that it stands for, where there are several. The ops of\na group take turns on a few images, while what they hand on is in the cache.")
}
