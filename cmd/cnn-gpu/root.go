package main

import (
	"encoding/json"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "cnn-gpu",
		Short: "Train convolutional neural networks and see what they have learnt",
		Long: `cnn-gpu trains convolutional neural networks, tells images apart with them, and shows their filters and maps.

Without any flag, "cnn-gpu train" trains the network of the Keras MNIST tutorial on images of digits that are built in. Each
run gets a folder with the weights, the metrics and pictures of how it went; eval, predict and maps take that folder.`,
		Example: `  cnn-gpu train
  cnn-gpu eval runs/mnist-cnn-digits
  cnn-gpu predict runs/mnist-cnn-digits picture.png

  cnn-gpu data fetch mnist
  cnn-gpu train --data mnist`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newTrainCommand(), newEvalCommand(), newPredictCommand(), newMapsCommand(),
		newSummaryCommand(), newModelsCommand(), newDataCommand(), newDevicesCommand(), newSimCommand(), newCheckCommand(), newBenchCommand(),
		newMicroCommand(), newCompileCommand(),
	)
	return root
}

// version is what the go command knows about the build: a release's tag, or the commit.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// takes checks the number of arguments; usage is how the command is called.
func takes(least, most int, usage string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageErrorf("something is missing: %s", usage)
		case len(args) > most:
			return usageErrorf("unexpected argument %q: %s", args[most], usage)
		}
		return nil
	}
}

// takesCommand refuses arguments to a command that holds others.
func takesCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageErrorf("unknown command %q%s", args[0], orMeant(cmd.SuggestionsFor(args[0])))
}

// printJSON writes a value as one line.
func printJSON(cmd *cobra.Command, v any) error {
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// similar are the names that a mistyped one may stand for.
func similar(name string, known []string) []string {
	commands := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, k := range known {
		commands.AddCommand(&cobra.Command{Use: k, Run: func(*cobra.Command, []string) {}})
	}
	return commands.SuggestionsFor(name)
}

// orMeant asks for what was probably meant.
func orMeant(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(slices.Compact(names), " or ") + "?"
}
