package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

// summary is what a model is and what its training takes, as JSON has it.
type summary struct {
	model.Summary
	Optimizer string            `json:"optimizer"`
	Device    string            `json:"device"`
	Precision kernels.Precision `json:"precision"`
	Memory    stepMemory        `json:"training_memory"`  // on the device
	Plan      *memoryPlan       `json:"plan,omitempty"`   // with --memory
	Passes    []pass            `json:"passes,omitempty"` // with --passes, as the ops
	Ops       []scheduledOp     `json:"ops,omitempty"`
	Step      *stepTotals       `json:"step,omitempty"` // likewise, on a GPU

	opCount int // of a training step
}

func newSummaryCommand() *cobra.Command {
	var (
		name, deviceName       string
		optimizer              optimizerChoice
		batch, depth           int
		memory, passes, asJSON bool
		factors                kernels.Precision
	)
	cmd := &cobra.Command{
		Use:   "summary [RUN|WEIGHTS] [flags]",
		Short: "Show a model's layers, shapes, parameters, FLOPs and memory",
		Long: `Show the table that Keras's model.summary() prints: each layer with its output's shape and its parameters; and beside it the
floating-point operations for one image and the memory of its values for a batch.

The model is one of the zoo, a YAML file, or that of a run's folder or a weights file.

--depth 1 makes one row of all layers whose names begin alike up to the first slash, such as stage1/block1/conv and stage1/block2/conv, and
sums their parameters, operations and memory; --depth 2 up to the second.

--memory shows instead where the memory of a training step goes: what is kept from step to step, and the arena that all other values
share, with what sharing saved, the largest values, and from which op to which each is needed.

--passes shows instead how a device rewrites the op lists so that they do less work, and the ops that a training step then runs there; of a
GPU their launches too, and the stage in which each begins: launches of one stage run at the same time.`,
		Example: `  cnn-gpu summary
  cnn-gpu summary --model resnet-mini --batch 128
  cnn-gpu summary --model my.yaml
  cnn-gpu summary --model my.yaml --depth 1
  cnn-gpu summary --memory --batch 512 --device cuda
  cnn-gpu summary --passes --model resnet-mini
  cnn-gpu summary --model lenet-5 --json
  cnn-gpu summary runs/mnist-cnn-digits`,
		Args:              takes(0, 1, "give at most one run's folder or weights file, as in: cnn-gpu summary runs/mnist-cnn-digits"),
		ValidArgsFunction: completeRun,
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
			if cmd.Flags().Changed("depth") && depth < 1 {
				return usageErrorf("--depth %d: give at least 1, or leave it out to see each layer", depth)
			}
			if depth > 0 && (memory || passes) {
				return usageErrorf("--depth is for the table of the layers: leave out --memory and --passes")
			}
			o, err := optimizer.options()
			if err != nil {
				return err
			}
			m, err := openModel(cmd, name, args)
			if err != nil {
				return err
			}
			sayWarnings(cmd, m.Warnings())
			if err := m.CheckBatch(batch); err != nil {
				return err
			}
			result, err := summarizeModel(m, o, batch, deviceName, factors, memory, passes)
			if err != nil {
				return err
			}
			if depth > 0 {
				result.Summary = result.Grouped(depth)
			}
			if asJSON {
				return printJSON(cmd, result)
			}
			result.print(cmd.OutOrStdout())
			return nil
		},
	}
	modelFlag(cmd, &name)
	cmd.Flags().IntVar(&batch, "batch", 32, "the `number` of images in a step, for the memory")
	cmd.Flags().IntVar(&depth, "depth", 0, "make a row of the layers that share so many `parts` of their names (default: a row for each layer)")
	cmd.Flags().BoolVar(&memory, "memory", false, "show where the memory of a training step goes")
	cmd.Flags().BoolVar(&passes, "passes", false, "show how the op lists are rewritten to do less work")
	optimizer.flags(cmd, "the `method` of the training")
	cmd.Flags().StringVar(&deviceName, "device", "cpu", "the `device` that trains: cpu, cuda or sim (none is opened)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON, with the whole plan of --memory or the passes and ops of --passes")
	completeFrom(cmd, "device", "cpu", "cuda", "sim")
	precisionFlag(cmd, &factors)
	return cmd
}

// summarizeModel asks the model, and the device for what it makes of a training step.
func summarizeModel(m *model.Model, o train.Options, batch int, deviceName string, p kernels.Precision, memory, passes bool) (*summary, error) {
	// A model that ends with logits can be looked at, and programs can train it.
	_, softmax := m.Logits()
	o.Loss = train.SparseCategoricalCrossEntropy{FromLogits: !softmax}
	lists, err := train.Lower(m, o, batch)
	if err != nil {
		return nil, err
	}
	schedule := func(list *train.OpList) (device.Schedule, error) {
		return device.NewSchedule(deviceName, device.Options{}, list.Ops(), device.CompileOptions{Precision: p})
	}
	training, err := schedule(lists.Training)
	if err != nil {
		return nil, err
	}
	evaluation, err := schedule(lists.Evaluation)
	if err != nil {
		return nil, err
	}
	s := &summary{
		Summary: m.Summarize(batch), Optimizer: o.Optimizer.Name(), Device: deviceName, Precision: training.Precision, Memory: memoryOf(training, evaluation, lists.Saved),
		opCount: len(training.Ops),
	}
	if memory {
		s.Plan = planOf(training)
	}
	if passes {
		s.Passes, s.Ops = passesOf(training, evaluation), opsOf(lists.Training, training)
		s.Step = stepOf(s.Ops, training)
	}
	return s, nil
}

func (s *summary) print(w io.Writer) {
	switch {
	case s.Plan != nil:
		s.printMemory(w)
	case s.Passes != nil:
		s.printPasses(w)
	default:
		fmt.Fprint(w, s.Text(columns(w)))
		fmt.Fprintf(w, "Memory for training with %s and batches of %d on %s: %s\n", s.Optimizer, s.Batch, s.Device, wording.Bytes(s.Memory.Total))
	}
}

// openModel is the model of a run if one is given, else the named one.
func openModel(cmd *cobra.Command, name string, runs []string) (*model.Model, error) {
	if len(runs) == 0 {
		return model.Open(name)
	}
	saved, err := loadSaved(cmd, runs[0])
	if err != nil {
		return nil, err
	}
	return saved.Model, nil
}
