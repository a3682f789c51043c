package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

func newCompileCommand() *cobra.Command {
	var (
		name, out      string
		optimizer      optimizerChoice
		batch          int
		seed           uint64
		loss           string
		smoothing      float64
		average        train.EMA
		archs          []string
		factors        kernels.Precision
		checks, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "compile --out DIR [flags]",
		Short: "Compile a model's CUDA kernels ahead of time, with no GPU",
		Long: `Compile what train, eval and predict run of a model into a folder. A machine whose environment variable ` + device.CodeDirEnv + `
names that folder needs no compiler (NVRTC) for this model: copy the folder to a GPU host or into a container.

Kernels are made for exact shapes, so --model, --batch, --optimizer with its settings, --loss, --label-smoothing, --ema and --precision
must be those of the training, and for a model with Dropout --seed too. A training that mixes images, that is on pictures of several labels, or that weighs classes or
pictures needs the compiler. Evaluation is compiled for the same batch, and prediction for one image at a time. With --checks the folder serves
` + "`cnn-gpu check`" + ` as well, which runs each op in many shapes.

An architecture sm_XX gives machine code for GPUs of compute capability X.X: sm_80 A100, sm_86 RTX 30, sm_89 RTX 40 and L4,
sm_90 H100 and H200, sm_100 B200, sm_120 RTX 50. compute_XX gives PTX, which the driver of any GPU from X.X on turns into machine code at
its first start, and which the simulated GPUs run (--device sim: compute_90, sim:a100: compute_80, sim:rtx4090: compute_89).`,
		Example: `  cnn-gpu compile --out kernels
  cnn-gpu compile --model resnet-mini --batch 128 --arch sm_80,sm_90 --out kernels
  cnn-gpu compile --arch compute_90 --out kernels`,
		Args: takes(0, 0, "cnn-gpu compile takes flags alone, such as --model and --out"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case out == "":
				return usageErrorf("--out: name the folder for the machine code, as in: cnn-gpu compile --out kernels")
			case batch < 1:
				return usageErrorf("--batch %d: give at least 1", batch)
			case len(archs) == 0:
				return usageErrorf("--arch: give at least one, such as sm_90")
			}
			m, err := model.Open(name)
			if err != nil {
				return err
			}
			o, err := optimizer.options()
			if err != nil {
				return err
			}
			if o.Loss, err = parseLoss(loss, smoothing); err != nil {
				return err
			}
			if err := checkEMA(average, cmd.Flags().Changed); err != nil {
				return err
			}
			o.Seed, o.EMA = seed, average
			lists, err := launchedLists(m, o, batch)
			if err != nil {
				return err
			}
			if checks {
				for _, c := range kerneltest.Cases() {
					lists = append(lists, c.Ops)
				}
			}
			how := device.CompileOptions{Precision: factors}
			for i, arch := range archs {
				archs[i] = strings.TrimSpace(arch)
				if err := device.CheckArchitecture(archs[i]); err != nil {
					return err
				}
			}
			if !cmd.Flags().Changed("arch") {
				archs = slices.DeleteFunc(archs, func(arch string) bool {
					_, cannot := device.ArchitecturePrecision(arch, how)
					return cannot != nil
				})
			}
			for _, arch := range archs {
				if err := cmd.Context().Err(); err != nil {
					return err
				}
				p, err := device.ArchitecturePrecision(arch, how)
				if err != nil {
					return err
				}
				files, err := device.CompileKernels(lists, how, arch, out)
				if err != nil {
					return err
				}
				if asJSON {
					if err := printJSON(cmd, compiled{arch, m.Name, batch, p, files, out}); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d kernels of %s for batches of %d, in %v, are in %s\n", arch, files, m.Name, batch, p, out)
			}
			var others strings.Builder
			for _, flag := range []string{"loss", "label-smoothing", "ema", "ema-overwrite", "precision"} {
				if f := cmd.Flags().Lookup(flag); f.Changed {
					fmt.Fprintf(&others, " --%s %s", flag, wording.Argument(f.Value.String()))
				}
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Use them: %s=%s cnn-gpu train --model %s --batch %d %s --seed %d%s\n",
				device.CodeDirEnv, wording.Argument(out), wording.Argument(name), batch, optimizer.arguments(), seed, others.String())
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	modelFlag(cmd, &name)
	f.IntVar(&batch, "batch", 32, "the `number` of images in a step")
	optimizer.flags(cmd, "the `method` of the training")
	emaFlags(cmd, &average)
	lossFlags(cmd, &loss, &smoothing)
	precisionFlag(cmd, &factors)
	f.Uint64Var(&seed, "seed", 1, "the `number` that the training is given; it matters to models with Dropout")
	f.StringSliceVar(&archs, "arch", []string{"sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"}, "the `architectures`, separated by commas")
	f.BoolVar(&checks, "checks", false, "compile what cnn-gpu check runs, too")
	f.StringVar(&out, "out", "", "the `folder` for the machine code")
	f.BoolVar(&asJSON, "json", false, "print a line of JSON for each architecture")
	return cmd
}

// compiled is the kernels of an architecture, as JSON has it.
type compiled struct {
	Arch      string            `json:"arch"`
	Model     string            `json:"model"`
	Batch     int               `json:"batch"`
	Precision kernels.Precision `json:"precision"`
	Kernels   int               `json:"kernels"`
	Out       string            `json:"out"`
}

// launchedLists are the op lists that train, eval and predict run.
func launchedLists(m *model.Model, o train.Options, batch int) ([][]kernels.Op, error) {
	training, err := train.Lower(m, o, batch)
	if err != nil {
		return nil, err
	}
	prediction, err := train.Lower(m, o, 1)
	if err != nil {
		return nil, err
	}
	lists := [][]kernels.Op{training.Training.Ops(), training.Evaluation.Ops(), prediction.Evaluation.Ops()}
	for _, l := range training.Resident {
		lists = append(lists, l.Ops())
	}
	return lists, nil
}
