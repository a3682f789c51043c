package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

// printPasses shows what the passes do to a model's op lists, and what a training step runs after them.
func printPasses(w io.Writer, m *model.Model, o train.Optimizer, batch int) error {
	lists, err := train.Lower(m, train.Options{Optimizer: o}, batch)
	if err != nil {
		return err
	}
	t := newTable("Pass", "What it does", "In training", "In evaluation", "With --strict")
	for i, p := range lists.Training.Passes {
		strict := "runs"
		if p.Rounds {
			strict = "left out"
		}
		t.AppendRow(table.Row{p.Name, p.Does, p.Times, lists.Evaluation.Passes[i].Times, strict})
	}
	rightAlign(t, 3, 4)
	fmt.Fprintln(w, t.Render())

	t = newTable("Layer", "Op of a training step", "MFLOP", "Algorithm")
	for _, s := range lists.Training.Steps {
		layer := ""
		if s.Node != nil {
			layer = s.Node.Name
		}
		for _, op := range s.Ops {
			flops := ""
			if n := op.Cost().FLOPs; n > 0 {
				flops = fmt.Sprintf("%.3f", float64(n)/1e6)
			}
			t.AppendRow(table.Row{layer, op.Name(), flops, algorithm(op)})
		}
	}
	rightAlign(t, 3)
	fmt.Fprintln(w, t.Render())
	return nil
}

// algorithm names how an op is computed where there is a choice.
func algorithm(op kernels.Op) string {
	tile := 0
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		tile = op.Winograd
	case kernels.Conv2DDgrad:
		tile = op.Winograd
	case kernels.Conv2DWgrad:
		tile = op.Winograd
	case kernels.Conv2DChain:
		tile = op.Conv.Winograd
	case kernels.Conv2DPoolGrad:
		return "sparse sums"
	default:
		return ""
	}
	if tile == 0 {
		return "direct"
	}
	return fmt.Sprintf("Winograd F(%[1]dx%[1]d, 3x3)", tile)
}
