package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/run"
)

func newSummaryCommand() *cobra.Command {
	var (
		name, optimizer, deviceName string
		batch                       int
		memory, passes              bool
	)
	cmd := &cobra.Command{
		Use:   "summary [RUN|WEIGHTS] [flags]",
		Short: "Show a model's layers, shapes, parameters, FLOPs and memory",
		Long: `Show the table that Keras's model.summary() prints: each layer with its output's shape and its parameters; and beside it the
floating-point operations for one image and the memory of its values for a batch.

The model is one of the zoo, a YAML file, or that of a run's folder or a weights file.

--memory shows instead where the memory of a training step goes: what is kept from step to step, and the arena that all other values
share, with what sharing saved, the largest values, and from which op to which each is needed.

--passes shows instead how a device rewrites the op lists so that they do less work, and the ops that a training step then runs there.`,
		Example: `  cnn-gpu summary
  cnn-gpu summary --model resnet-mini --batch 128
  cnn-gpu summary --model my.yaml
  cnn-gpu summary --memory --batch 512 --device cuda
  cnn-gpu summary --passes --model resnet-mini
  cnn-gpu summary runs/mnist-cnn-digits`,
		Args: takes(0, 1, "give at most one run's folder or weights file, as in: cnn-gpu summary runs/mnist-cnn-digits"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if batch < 1 {
				return usageErrorf("--batch %d: give at least 1", batch)
			}
			if len(args) == 1 && cmd.Flags().Changed("model") {
				return usageErrorf("give either --model or a run, not both")
			}
			if memory && passes {
				return usageErrorf("give either --memory or --passes, not both")
			}
			o, err := train.OptimizerByName(optimizer, 0)
			if err != nil {
				return &usageError{err}
			}
			m, err := openModel(name, args)
			if err != nil {
				return err
			}
			sayWarnings(cmd, m.Warnings())
			if memory {
				return printMemory(cmd.OutOrStdout(), m, o, batch, deviceName)
			}
			if passes {
				return printPasses(cmd.OutOrStdout(), m, o, batch, deviceName)
			}
			fmt.Fprint(cmd.OutOrStdout(), m.Summary(batch))
			schedule, err := trainingSchedule(m, o, batch, deviceName)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Memory for training with %s and batches of %d on %s: %s\n", o.Name(), batch, deviceName, wording.Bytes(schedule.Bytes()))
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "model", "mnist-cnn", "a `model` of the zoo (see cnn-gpu models) or a YAML file")
	cmd.Flags().IntVar(&batch, "batch", 32, "the `number` of images in a step, for the memory")
	cmd.Flags().BoolVar(&memory, "memory", false, "show where the memory of a training step goes")
	cmd.Flags().BoolVar(&passes, "passes", false, "show how the op lists are rewritten to do less work")
	optimizerFlag(cmd, &optimizer, "the `method` of the training")
	cmd.Flags().StringVar(&deviceName, "device", "cpu", "the `device` that trains: cpu, cuda or sim (none is opened)")
	completeFrom(cmd, "device", "cpu", "cuda", "sim")
	completeFrom(cmd, "model", model.Zoo()...)
	return cmd
}

// openModel is the model of a run if one is given, else the named one.
func openModel(name string, runs []string) (*model.Model, error) {
	if len(runs) == 0 {
		return model.Open(name)
	}
	saved, err := run.Load(runs[0])
	if err != nil {
		return nil, err
	}
	return saved.Model, nil
}
