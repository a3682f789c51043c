package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/inspect"
)

// newSimCommand makes "cnn-gpu sim", which runs one kernel of any CUDA C++ file in the simulated GPU.
func newSimCommand() *cobra.Command {
	var (
		request               inspect.Request
		device, order, checks string
		grid, block           string
		defines, includes     []string
		asJSON                bool
		devices               []string
	)
	for _, c := range sim.Chips() {
		devices = append(devices, "sim:"+c.Name)
	}
	cmd := &cobra.Command{
		Use:   "sim FILE.cu --kernel NAME --grid X,Y,Z --block X,Y,Z --arg ...",
		Short: "Run a CUDA kernel in the simulated GPU: check it and count what it does",
		Long: `Compiles a CUDA C++ file with NVRTC (or takes a .ptx file), runs one kernel in the simulated GPU and prints what the checks
found, where, and what the kernel cost: no GPU, driver or CUDA toolkit is needed. Ends with status 1 if something was found.

Arguments, in the kernel's order:
` + inspect.ArgumentHelp,
		Example: `  cnn-gpu sim saxpy.cu --kernel saxpy --grid 4 --block 256 --arg i32:1000 --arg f32:2 --arg iota:f32:1000 --arg out:y.bin:f32:1000`,
		Args:    takes(1, 1, "give one file, as in: cnn-gpu sim saxpy.cu --kernel saxpy --grid 4 --block 256"),
		RunE: func(cmd *cobra.Command, args []string) error {
			request.File = args[0]
			for _, d := range defines {
				request.Compiler = append(request.Compiler, "-D"+d)
			}
			for _, i := range includes {
				request.Compiler = append(request.Compiler, "-I"+i)
			}
			var err error
			if device == "sim" {
				device = devices[0]
			}
			if request.Chip, err = sim.ChipByName(strings.TrimPrefix(device, "sim:")); err != nil {
				return &usageError{err}
			}
			if request.Grid, err = parseSizes("--grid", grid); err != nil {
				return err
			}
			if request.Block, err = parseSizes("--block", block); err != nil {
				return err
			}
			if request.Options.Checks, err = inspect.ParseChecks(checks); err != nil {
				return &usageError{err}
			}
			if request.Options.Order, err = inspect.ParseOrder(order); err != nil {
				return &usageError{err}
			}
			result, err := inspect.Run(request)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd, result)
			} else {
				err = result.Print(cmd.OutOrStdout())
			}
			if n := result.Count(sim.Error); err == nil && n > 0 {
				err = errors.New(inspect.Count(n, "finding"))
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&request.Kernel, "kernel", "", "name of the kernel; may be left out if the file has only one")
	flags.StringVar(&grid, "grid", "1", "blocks: X or X,Y or X,Y,Z")
	flags.StringVar(&block, "block", "1", "threads of a block: X or X,Y or X,Y,Z")
	flags.Uint32Var(&request.SharedBytes, "shared", 0, "bytes of dynamic shared memory")
	flags.StringArrayVar(&request.Args, "arg", nil, "an argument of the kernel, once for each")
	flags.StringArrayVarP(&defines, "define", "D", nil, "a macro for the compiler: NAME or NAME=VALUE")
	flags.StringArrayVarP(&includes, "include", "I", nil, "a folder with headers for the compiler")
	flags.StringArrayVar(&request.Compiler, "option", nil, "another option for NVRTC")
	flags.StringVar(&device, "device", "sim", "GPU to simulate: "+strings.Join(devices, ", ")+"; sim is the first")
	flags.StringVar(&checks, "checks", "all", "checks, separated by commas: "+strings.Join(inspect.CheckNames(), ", ")+"; all or none")
	flags.StringVar(&order, "order", "forward", "order of the warps: forward, reverse or random")
	flags.Uint64Var(&request.Options.Seed, "seed", 0, "seed of the random order")
	threadsFlag(flags, &request.Options.Workers, "workers", "the `number` of blocks that run at a time (default: one for each CPU)")
	flags.Int64Var(&request.Options.MaxSteps, "max-steps", 0, "instructions of a warp that count as an endless loop; 0: 2^30")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// parseSizes reads "X", "X,Y" or "X,Y,Z".
func parseSizes(flag, text string) ([3]uint32, error) {
	sizes := [3]uint32{1, 1, 1}
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
