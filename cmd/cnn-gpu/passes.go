package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

// printPasses shows how a device rewrites a model's op lists, and what it runs in a training step.
func printPasses(w io.Writer, m *model.Model, o train.Optimizer, batch int, deviceName string) error {
	lists, err := train.Lower(m, train.Options{Optimizer: o}, batch)
	if err != nil {
		return err
	}
	fit, err := device.NewSchedule(deviceName, device.Options{}, lists.Training.Ops(), device.CompileOptions{})
	if err != nil {
		return err
	}
	eval, err := device.NewSchedule(deviceName, device.Options{}, lists.Evaluation.Ops(), device.CompileOptions{})
	if err != nil {
		return err
	}
	t := newTable("Pass", "What it does", "In training", "In evaluation", "With --strict")
	for i, p := range fit.Passes {
		strict := "runs"
		if p.Rounds {
			strict = "left out"
		}
		t.AppendRow(table.Row{p.Name, p.Does, p.Times, eval.Passes[i].Times, strict})
	}
	rightAlign(t, 3, 4)
	fmt.Fprintln(w, t.Render())

	t = newTable("Layer", "Op of a training step", "Stands for", "MFLOP", "Algorithm", "Depth first")
	layers := lists.Training.Layers(fit)
	for i, op := range fit.Ops {
		flops, parts, group := "", "", ""
		if n := op.Cost().FLOPs; n > 0 {
			flops = fmt.Sprintf("%.3f", float64(n)/1e6)
		}
		if len(op.Parts) > 1 {
			parts = fmt.Sprintf("%d ops", len(op.Parts))
		}
		if op.Group > 0 {
			group = fmt.Sprintf("group %d", op.Group)
		}
		t.AppendRow(table.Row{layers[i], op.Name(), parts, flops, op.Algorithm, group})
	}
	rightAlign(t, 4)
	fmt.Fprintln(w, t.Render())
	fmt.Fprintln(w, "Ops of a group take turns on a few images of the batch, while what they hand on is in the cache.")
	return nil
}
