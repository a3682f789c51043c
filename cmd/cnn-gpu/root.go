package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"cnn-gpu/device/driver"
	"cnn-gpu/internal/version"
	"cnn-gpu/internal/wording"
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
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(printHelp)
	root.AddCommand(
		newTrainCommand(), newVerifyCommand(), newEvalCommand(), newPredictCommand(), newMapsCommand(),
		newSummaryCommand(), newModelsCommand(), newDataCommand(), newDevicesCommand(), newSimCommand(), newCheckCommand(), newBenchCommand(),
		newMicroCommand(), newCompileCommand(),
	)
	refuseUnknownTopics(root)
	return root
}

func versionText() string { return version.Text(driver.Build) }

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
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return usageErrorf("unknown command %q; %s", args[0], wording.Choose(args[0], names))
}

// printJSON writes a value as one line.
func printJSON(cmd *cobra.Command, v any) error {
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
