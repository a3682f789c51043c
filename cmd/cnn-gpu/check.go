package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/check"
)

// checkResult is what check found, as JSON has it.
type checkResult struct {
	Device    string            `json:"device"`
	Precision kernels.Precision `json:"precision"`
	Ops       []opCheck         `json:"ops"`
	Model     string            `json:"model"`
	Steps     []check.Step      `json:"steps"`
	OK        bool              `json:"ok"`
}

// opCheck is the outcome of an op's cases. Worst is the largest error as a part of its bound: up to 1 is right.
type opCheck struct {
	Op     string  `json:"op"`
	Cases  int     `json:"cases"`
	Failed int     `json:"failed"`
	Worst  float64 `json:"worst"`
	Case   string  `json:"worst_case,omitempty"`
	Error  string  `json:"error,omitempty"` // of the first case that failed
}

// quickStep is odd: the table of cases has integers and real numbers in turn.
const quickStep = 19

// newCheckCommand is what a person runs first on a new host.
func newCheckCommand() *cobra.Command {
	var deviceName, modelName string
	var options device.Options
	var factors kernels.Precision
	var batch, steps int
	var quick, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a device: every op and a model's training steps against float64",
		Long: `Check that a device computes what it should. Every op runs in many awkward shapes and is held against the same op in float64,
within a bound that follows from the number of roundings, and of factors in the --precision. Then a model trains for some steps, on the device and on the CPU,
and each loss is held against training in float64. The exit code is 1 if anything is outside its bound.`,
		Example: `  cnn-gpu check
  cnn-gpu check --device cuda --model resnet-mini
  cnn-gpu check --device cuda --precision bf16
  cnn-gpu check --device cpu --quick --json`,
		Args: takes(0, 0, "cnn-gpu check takes no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if batch < 1 || steps < 1 {
				return usageErrorf("--batch %d --steps %d: give at least 1 of each", batch, steps)
			}
			m, err := model.Open(modelName)
			if err != nil {
				return err
			}
			// What no training takes is refused before all ops are checked.
			if _, err := train.Lower(m, train.Options{}, batch); err != nil {
				return err
			}
			d, err := device.Open(deviceName, options)
			if err != nil {
				return err
			}
			defer d.Close()
			sayDevice(cmd, d, deviceName)
			how := device.CompileOptions{Precision: factors}
			result := &checkResult{Device: d.Name(), Model: m.Name, OK: true}
			if result.Precision, err = d.Precision(how); err != nil {
				return err
			}
			if err := result.checkOps(cmd, device.OpRunner{Device: d, Options: how}, quick); err != nil {
				return err
			}
			if result.OK { // a model made of ops that are wrong shows nothing new
				if err := result.checkSteps(m, d, options, batch, steps); err != nil {
					return err
				}
			}
			if asJSON {
				if err := printJSON(cmd, result); err != nil {
					return err
				}
			} else {
				result.print(cmd.OutOrStdout())
			}
			if !result.OK {
				return errors.New("the device is not right: see what is marked above, and report it with this output")
			}
			return nil
		},
	}
	precisionFlag(cmd, &factors)
	deviceFlag(cmd, &deviceName)
	deviceOptionFlags(cmd, &options)
	cmd.Flags().StringVar(&modelName, "model", "mnist-cnn", "the `model` whose training is checked: of the zoo, or a file")
	cmd.Flags().IntVar(&batch, "batch", 2, "the `number` of images in a training step")
	cmd.Flags().IntVar(&steps, "steps", 10, "the `number` of training steps")
	cmd.Flags().BoolVar(&quick, "quick", false, "run only some of the cases of each op and list of ops")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// checkOps runs the case table.
func (r *checkResult) checkOps(cmd *cobra.Command, runner device.OpRunner, quick bool) error {
	index := map[string]int{}
	for _, c := range casesToCheck(quick) {
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		at, known := index[c.Group()]
		if !known {
			at = len(r.Ops)
			index[c.Group()] = at
			r.Ops = append(r.Ops, opCheck{Op: c.Group()})
		}
		err := r.Ops[at].run(c, runner)
		// The device has done nothing wrong, and the next case would say the same.
		if missing := (*device.NotCompiledError)(nil); errors.As(err, &missing) {
			return fmt.Errorf("nothing is known of the device: %s, a kernel of this check, is not among those that are compiled, and there is no compiler (%w); "+
				"mend that, or run cnn-gpu compile --checks --arch %s --out DIR where there is one, and name DIR by %s", missing.Source, missing.NoCompiler, missing.Architecture, device.CodeDirEnv)
		}
		r.OK = r.OK && err == nil
	}
	return nil
}

// casesToCheck is the case table, or of each op and each list of ops the first case and then some.
func casesToCheck(quick bool) []kerneltest.Case {
	if !quick {
		return kerneltest.Cases()
	}
	var cases []kerneltest.Case
	seen := map[string]int{}
	for _, c := range kerneltest.Cases() {
		if seen[c.Group()]%quickStep == 0 {
			cases = append(cases, c)
		}
		seen[c.Group()]++
	}
	return cases
}

// run adds a case. The error says what is not right.
func (o *opCheck) run(c kerneltest.Case, runner kerneltest.Runner) error {
	result, err := c.Check(runner)
	o.Cases++
	if err != nil {
		o.Failed++
		if o.Error == "" {
			o.Error = fmt.Sprintf("%s: %v", c.Name, err)
		}
		return err
	}
	if result.Ratio > o.Worst || o.Case == "" {
		o.Worst, o.Case = result.Ratio, c.Name
	}
	return nil
}

// checkSteps trains on the device, and on the CPU beside it.
func (r *checkResult) checkSteps(m *model.Model, d device.Device, o device.Options, batch, steps int) error {
	cpu, err := device.OpenCPU(o)
	if err != nil {
		return err
	}
	defer cpu.Close()
	if r.Steps, err = check.Steps(m, []check.Trainee{{Device: d, Precision: r.Precision}, {Device: cpu}}, batch, steps, 1); err != nil {
		return err
	}
	for _, s := range r.Steps {
		r.OK = r.OK && s.Holds()
	}
	return nil
}

// forPeople joins the lists of ops that begin with the same one, such as conv2d_fprop+…: there are many.
func (r *checkResult) forPeople() (rows []opCheck) {
	index := map[string]int{}
	for _, o := range r.Ops {
		first, _, isList := strings.Cut(o.Op, "+")
		o.Case = strings.TrimPrefix(o.Case, o.Op+"/")
		if isList {
			o.Op = first + "+…"
		}
		at, known := index[o.Op]
		if !known {
			index[o.Op] = len(rows)
			rows = append(rows, o)
			continue
		}
		row := &rows[at]
		row.Cases += o.Cases
		row.Failed += o.Failed
		if o.Worst > row.Worst {
			row.Worst, row.Case = o.Worst, o.Case
		}
	}
	return rows
}

func (r *checkResult) print(w io.Writer) {
	ops := newTable("Op", "Cases", "Failed", "Worst", "In case")
	for _, o := range r.forPeople() {
		ops.AppendRow(table.Row{cutMiddle(o.Op, 24), o.Cases, o.Failed, fmt.Sprintf("%.3f", o.Worst), cutMiddle(o.Case, 28)})
	}
	rightAlign(ops, 2, 3, 4)
	printTable(w, ops)
	fmt.Fprintln(w, "Worst is the largest error as a part of its bound: up to 1 is right.\nLists of ops stand under the op that they begin with: op+….")
	for _, o := range r.Ops {
		if o.Error != "" {
			fmt.Fprintf(w, "FAILED %s\n", o.Error)
		}
	}
	if len(r.Steps) == 0 {
		return
	}
	fmt.Fprintf(w, "\nThe loss of %s in each step of training in %v:\n", r.Model, r.Precision)
	steps := newTable("Step", "On "+r.Device, "On the CPU", "In float64", "Error", "Bound", "")
	for _, s := range r.Steps {
		mark, worst := "ok", 0 // the device that is nearest to its bound, or beyond
		for i, loss := range s.Losses {
			if math.IsNaN(loss) || math.Abs(loss-s.Exact)*s.Bounds[worst] > math.Abs(s.Losses[worst]-s.Exact)*s.Bounds[i] {
				worst = i
			}
		}
		if !s.Holds() {
			mark = "FAILED"
		}
		steps.AppendRow(table.Row{s.Step, fmt.Sprintf("%.7f", s.Losses[0]), fmt.Sprintf("%.7f", s.Losses[1]),
			fmt.Sprintf("%.7f", s.Exact), fmt.Sprintf("%.1e", math.Abs(s.Losses[worst]-s.Exact)), fmt.Sprintf("%.1e", s.Bounds[worst]), mark})
	}
	rightAlign(steps, 1, 2, 3, 4, 5, 6)
	printTable(w, steps)
	if r.OK {
		fmt.Fprintf(w, "%s is right in %v.\n", r.Device, r.Precision)
	}
}
