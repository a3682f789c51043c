package main

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// flagError says in words what is wrong with a flag, and what was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	var empty *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		return usageErrorf("--%s %s: %s", f.Name, cmp.Or(invalid.GetValue(), `""`), wanted(f, errors.Unwrap(invalid)))
	case errors.As(err, &empty):
		f := empty.GetFlag()
		return usageErrorf("--%s: %s", f.Name, wanted(f, errors.New("give it a value")))
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	}
	return &usageError{err}
}

// wanted says what a flag takes; cause is why it did not take its value.
func wanted(f *pflag.Flag, cause error) string {
	what := ""
	switch f.Value.Type() {
	case "int", "int64":
		what = "a whole number"
	case "uint32", "uint64":
		what = "a whole number from 0"
	case "float64":
		what = "a number"
	case "bool":
		if !errors.Is(cause, strconv.ErrSyntax) {
			return cause.Error()
		}
		return "it is on or off: give it alone, or as --" + f.Name + "=false"
	case "intSlice":
		return "give whole numbers with commas between them, such as 32,128"
	default:
		return cause.Error()
	}
	if errors.Is(cause, strconv.ErrRange) {
		return "give " + what + " that is not as large"
	}
	if f.DefValue != "0" && f.DefValue != "" {
		what += ", such as " + f.DefValue
	}
	return "give " + what
}

// unknownFlag names the flag that was probably meant: also of -epochs, which is letters to a shell's custom.
func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	dashes, name := "--", e.GetSpecifiedName()
	if letters := e.GetSpecifiedShortnames(); letters != "" {
		dashes, name = "-", letters
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := wording.Nearest(name, known); near != "" {
		return usageErrorf("unknown flag %s%s; did you mean --%s?", dashes, name, near)
	}
	return usageErrorf("unknown flag %s%s", dashes, name)
}

// precision is a flag's precision, empty for the device's own.
type precision kernels.Precision

func (p *precision) Type() string { return "precision" }

func (p *precision) String() string {
	if kernels.Precision(*p) == kernels.DefaultPrecision {
		return ""
	}
	return kernels.Precision(*p).String()
}

func (p *precision) Set(text string) error {
	given, err := kernels.ParsePrecision(text)
	if err != nil {
		return errors.New(wording.Choose(text, kernels.PrecisionNames()))
	}
	*p = precision(given)
	return nil
}

// precisionFlag adds the flag that says in which precision a device multiplies.
func precisionFlag(cmd *cobra.Command, p *kernels.Precision) {
	names := kernels.PrecisionNames()
	cmd.Flags().Var((*precision)(p), "precision", "the `precision` of the factors of convolutions and dense layers, whose sums are "+kernels.FP32.String()+": "+
		wording.Or(names[1:])+" (default: "+kernels.TF32.String()+" on a GPU that has it, else "+kernels.FP32.String()+")")
	completeFrom(cmd, "precision", names...)
}

// checkPrecision refuses strict sums of factors that are rounded.
func checkPrecision(strict bool, p kernels.Precision) error {
	if strict && p > kernels.FP32 {
		return usageErrorf("--precision %v: --strict computes with factors in %v; leave out one of both", p, kernels.FP32)
	}
	return nil
}

// threads is a flag's number of threads: from 1 to some for each CPU, since more only wait for each other.
type threads int

// threadsPerCPU is what a try may ask for; tens of thousands of threads are a slip.
const threadsPerCPU = 4

func (t *threads) String() string { return strconv.Itoa(int(*t)) }
func (t *threads) Type() string   { return "number" }

func (t *threads) Set(text string) error {
	most := threadsPerCPU * runtime.NumCPU()
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return fmt.Errorf("give a whole number, at least 1 and at most %d", most)
	case n > most:
		return fmt.Errorf("give at most %d: this machine has %d CPUs, and more threads only wait for each other", most, runtime.NumCPU())
	}
	*t = threads(n)
	return nil
}

// threadsFlag adds a flag for a number of threads.
func threadsFlag(flags *pflag.FlagSet, n *int, name, usage string) {
	flags.Var((*threads)(n), name, usage)
}
