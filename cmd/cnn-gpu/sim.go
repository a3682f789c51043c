package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/inspect"
	"cnn-gpu/internal/wording"
)

// simFlags are the flags of "cnn-gpu sim".
type simFlags struct {
	device, order, checks string
	kernel, grid, block   string
	shared                uint32
	args, buffers, sets   []string
	expect                []string
	tolerance             float64
	defines, includes     []string
	options               []string
	list, json            bool
	sarif                 string
	run                   sim.Options
}

// newSimCommand makes "cnn-gpu sim", which runs kernels of any CUDA C++ file in the simulated GPU.
func newSimCommand() *cobra.Command {
	var f simFlags
	cmd := &cobra.Command{
		Use:   "sim FILE.cu|FILE.ptx|SCRIPT.yaml",
		Short: "Run CUDA kernels in the simulated GPU: check them and count what they do",
		Long: `Compiles a CUDA C++ file with NVRTC (or takes the PTX of any compiler), runs a kernel in the simulated GPU and prints what the
checks found, where, and what the kernel cost: no GPU, driver or CUDA toolkit is needed. docs/simulator.md shows how.

A kernel goes by its C++ name, with namespaces and template arguments where they are needed; --list shows what there is.

Arguments, in the kernel's order or by name:
` + inspect.ArgumentHelp + `

A script in YAML runs several launches on the same memory; docs/simulator.md describes it.

Exit codes:
  0  nothing was found, and all is as expected
  1  something was found, or is not as expected
  2  not understood: a flag, an argument, a file that is missing or does not compile
  3  could not be run: there is no NVRTC, too little memory, an instruction that the simulator does not know`,
		Example: `  cnn-gpu sim saxpy.cu --list
  cnn-gpu sim saxpy.cu --grid 4 --block 256 --arg n=1000 --arg a=2 --arg x=iota:f32:1000 --arg y=out:y.bin:f32:1000
  cnn-gpu sim softmax.cu --kernel 'nn::softmax<256,float>' --block 256 --buffer a=random:f32:4096 --arg @a --arg @a+2048 --arg 2048
  cnn-gpu sim stencil.cu --block 64 --set weights=[0.25,0.5,0.25] --arg x=in:x.npy --arg y=zeros:f32:64 --expect y=y.npy --tolerance 1e-5
  cnn-gpu sim jacobi.yaml --device sim:a100 --sarif findings.sarif`,
		Args: takes(1, 1, "give one file, as in: cnn-gpu sim saxpy.cu --kernel saxpy --grid 4 --block 256"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.execute(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.list, "list", false, "list the kernels of the file with their parameters, and its variables, and run nothing")
	flags.StringVar(&f.kernel, "kernel", "", "name of the kernel; may be left out if the file has only one")
	flags.StringVar(&f.grid, "grid", "1", "blocks: X or X,Y or X,Y,Z")
	flags.StringVar(&f.block, "block", "1", "threads of a block: X or X,Y or X,Y,Z")
	flags.Uint32Var(&f.shared, "shared", 0, "bytes of dynamic shared memory")
	flags.StringArrayVar(&f.args, "arg", nil, "an argument of the kernel: VALUE or NAME=VALUE, once for each")
	flags.StringArrayVar(&f.buffers, "buffer", nil, "device memory for several arguments: NAME=FORM, to be used as @NAME")
	flags.StringArrayVar(&f.sets, "set", nil, "contents of a __constant__ or __device__ variable: NAME=VALUE")
	flags.StringArrayVar(&f.expect, "expect", nil, "the file that an argument, a buffer or a variable has to be equal to: NAME=FILE")
	flags.Float64Var(&f.tolerance, "tolerance", 0, "how far numbers may lie from the expected ones, relative to those above 1")
	flags.StringArrayVarP(&f.defines, "define", "D", nil, "a macro for the compiler: NAME or NAME=VALUE")
	flags.StringArrayVarP(&f.includes, "include", "I", nil, "a folder with headers for the compiler")
	flags.StringArrayVar(&f.options, "option", nil, "another option for NVRTC")
	flags.StringVar(&f.device, "device", "", "GPU to simulate: "+wording.Or(simDevices())+" (default "+simDevices()[0]+")")
	flags.StringVar(&f.checks, "checks", "all", "checks, separated by commas: "+strings.Join(inspect.CheckNames(), ", ")+"; all or none")
	flags.StringVar(&f.order, "order", "forward", "order of the warps: forward, reverse or random")
	flags.Uint64Var(&f.run.Seed, "seed", 0, "seed of the random order")
	threadsFlag(flags, &f.run.Workers, "workers", "the `number` of blocks that run at a time (default: one for each CPU)")
	flags.IntVar(&f.run.Orders, "orders", 1, "the `number` of orders of warps and blocks to run in; where memory differs after them is told")
	flags.Int64Var(&f.run.MaxSteps, "max-steps", 1<<26, "instructions of a warp that count as an endless loop")
	flags.BoolVar(&f.run.Sample, "sample", false, "run only a sample of the blocks, for the estimate of a large kernel's time: outputs are incomplete")
	flags.BoolVar(&f.json, "json", false, "print the result as JSON, also where it is an error")
	flags.StringVar(&f.sarif, "sarif", "", "write what was found, or does not compile, to a `file` in SARIF, for CI and editors")
	return cmd
}

func simDevices() (names []string) {
	for _, c := range sim.Chips() {
		names = append(names, "sim:"+c.Name)
	}
	return names
}

// execute runs the command and says what came of it in every form that was asked for.
func (f *simFlags) execute(cmd *cobra.Command, file string) error {
	outcome := inspect.Outcome{File: file}
	script, err := f.script(cmd, file)
	if err == nil && f.list {
		outcome.File = script.File
		outcome.Contents, err = inspect.List(script)
	} else if err == nil {
		outcome.Result, err = runUntil(cmd.Context(), script)
	}
	if interrupted(err) {
		return err
	}
	if errors.As(err, new(*usageError)) {
		err = &inspect.NotUnderstoodError{Err: err}
	}
	outcome.Conclude(err)
	if f.sarif != "" {
		if written := inspect.WriteFile(f.sarif, outcome.SARIF()); written != nil {
			err = errors.Join(err, written)
			outcome.Conclude(err)
		}
	}
	if f.json {
		if printed := printJSON(cmd, outcome); printed != nil {
			return printed
		}
	} else if printed := outcome.Print(cmd.OutOrStdout()); printed != nil {
		return printed
	}
	switch {
	case errors.As(err, new(*usageError)):
		return err
	case err != nil:
		return &exitError{outcome.ExitCode, err}
	case outcome.Status == inspect.Found:
		return errors.New(outcome.Summary())
	}
	return nil
}

// runUntil gives up when the context ends. The compiler and the launch do not listen to it: what they hold goes with the process.
func runUntil(ctx context.Context, script *inspect.Script) (*inspect.Result, error) {
	var result *inspect.Result
	done := make(chan error, 1)
	go func() {
		r, err := inspect.Run(script)
		result = r
		done <- err
	}()
	select {
	case err := <-done:
		return result, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// printMisunderstood answers a command line that was refused before the command began, in JSON if it asks for that.
func printMisunderstood(cmd *cobra.Command, args []string, problem error) error {
	if cmd.Name() != "sim" || !slices.Contains(args, "--json") {
		return nil
	}
	var outcome inspect.Outcome
	outcome.Conclude(&inspect.NotUnderstoodError{Err: problem})
	return printJSON(cmd, outcome)
}

// onlyFlags are the flags that say what a script says, too.
var onlyFlags = []string{"kernel", "grid", "block", "shared", "arg", "buffer", "set", "expect", "tolerance", "list"}

// macro is what the compiler takes for one: NAME, NAME=VALUE or NAME(ARGUMENTS)=VALUE.
var macro = regexp.MustCompile(`^[A-Za-z_]\w*(\([^)]*\))?(=|$)`)

// script is what the file and the flags ask for.
func (f *simFlags) script(cmd *cobra.Command, file string) (*inspect.Script, error) {
	s := &inspect.Script{File: file, Command: f.command(file)}
	var err error
	if inspect.IsScript(file) {
		for _, name := range onlyFlags {
			if cmd.Flags().Changed(name) {
				return nil, usageErrorf("--%s: %s says that itself; leave the flag out", name, file)
			}
		}
		if s, err = inspect.ReadScript(file); err != nil {
			return nil, err
		}
	} else if err := f.launch(s); err != nil {
		return nil, err
	}
	for _, d := range f.defines {
		if !macro.MatchString(d) {
			return nil, usageErrorf("--define %s: NAME or NAME=VALUE is wanted, as in -D TILE=32", wording.Argument(d))
		}
		s.Compiler = append(s.Compiler, "-D"+d)
	}
	for _, i := range f.includes {
		if info, err := os.Stat(i); err != nil || !info.IsDir() {
			return nil, usageErrorf("--include %s: there is no such folder", wording.Argument(i))
		}
		s.Compiler = append(s.Compiler, "-I"+i)
	}
	s.Compiler = append(s.Compiler, f.options...)
	if f.device != "" {
		s.Device = f.device
	}
	if s.Device == "" || s.Device == "sim" {
		s.Device = simDevices()[0]
	}
	if f.run.Orders < 1 {
		return nil, usageErrorf("--orders %d: give a number of orders from 1 on", f.run.Orders)
	}
	if f.run.MaxSteps < 1 {
		return nil, usageErrorf("--max-steps %d: give a number of instructions from 1 on", f.run.MaxSteps)
	}
	s.Options = f.run
	s.Options.Estimate = true
	if s.Chip, err = sim.ChipByName(strings.TrimPrefix(s.Device, "sim:")); err != nil {
		return nil, &usageError{err}
	}
	if s.Options.Checks, err = inspect.ParseChecks(f.checks); err != nil {
		return nil, &usageError{err}
	}
	if s.Options.Order, err = inspect.ParseOrder(f.order); err != nil {
		return nil, &usageError{err}
	}
	return s, nil
}

// launch makes the one launch that the flags describe.
func (f *simFlags) launch(s *inspect.Script) (err error) {
	step := inspect.Step{Kernel: f.kernel, SharedBytes: f.shared}
	if step.Grid, err = parseSizes("--grid", f.grid); err != nil {
		return err
	}
	if step.Block, err = parseSizes("--block", f.block); err != nil {
		return err
	}
	for _, list := range []struct {
		texts  []string
		values *inspect.Values
	}{{f.args, &step.Args}, {f.buffers, &s.Buffers}, {f.sets, &s.Variables}} {
		for _, text := range list.texts {
			if err := list.values.Add(text); err != nil {
				return err
			}
		}
	}
	for _, list := range []struct {
		flag   string
		values inspect.Values
	}{{"--buffer", s.Buffers}, {"--set", s.Variables}} {
		if slices.ContainsFunc(list.values, func(v inspect.Value) bool { return v.Name == "" }) {
			return usageErrorf("%s: NAME=VALUE is wanted, as in %[1]s x=iota:f32:16", list.flag)
		}
	}
	for _, text := range f.expect {
		name, file, found := strings.Cut(text, "=")
		if !found || name == "" || file == "" {
			return usageErrorf("--expect %s: NAME=FILE is wanted, as in --expect y=y.npy", text)
		}
		s.Expect = append(s.Expect, inspect.Expectation{Name: name, File: file, Tolerance: f.tolerance})
	}
	if !(f.tolerance >= 0) {
		return usageErrorf("--tolerance %g: give a number from 0", f.tolerance)
	}
	if !f.list {
		s.Launches = []inspect.Step{step}
	} else if f.kernel != "" { // a template is listed if it is instantiated
		s.Launches = []inspect.Step{{Kernel: f.kernel}}
	}
	return nil
}

// command is the command line without --json and the like, for examples of a better one.
func (f *simFlags) command(file string) string {
	words := []string{"cnn-gpu", "sim", wording.Argument(file)}
	shared := ""
	if f.shared > 0 {
		shared = strconv.FormatUint(uint64(f.shared), 10)
	}
	for _, flag := range []struct {
		name   string
		values []string
	}{
		{"--kernel", []string{f.kernel}}, {"--grid", []string{f.grid}}, {"--block", []string{f.block}}, {"--shared", []string{shared}},
		{"--device", []string{f.device}}, {"--define", f.defines}, {"--include", f.includes}, {"--option", f.options},
		{"--buffer", f.buffers}, {"--set", f.sets}, {"--arg", f.args},
	} {
		for _, value := range flag.values {
			if value != "" {
				words = append(words, flag.name, wording.Argument(value))
			}
		}
	}
	return strings.Join(words, " ")
}

// parseSizes reads "X", "X,Y" or "X,Y,Z".
func parseSizes(flag, text string) (inspect.Size, error) {
	sizes := inspect.Size{1, 1, 1}
	parts := strings.Split(text, ",")
	if len(parts) > 3 {
		return sizes, usageErrorf("%s %s: at most three sizes are wanted", flag, text)
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 32)
		if err != nil || n == 0 {
			return sizes, usageErrorf("%s %s: %q is no size; sizes are numbers from 1, as in %s 32,8", flag, text, part, flag)
		}
		sizes[i] = uint32(n)
	}
	return sizes, nil
}
