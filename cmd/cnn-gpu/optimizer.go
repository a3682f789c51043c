package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/train"
)

// optimizerFlag adds the flag that chooses an optimizer; usage is what its help says before the names.
func optimizerFlag(cmd *cobra.Command, name *string, usage string) {
	names := train.OptimizerNames()
	cmd.Flags().StringVar(name, "optimizer", names[0], usage+": "+train.OptimizerHelp())
	completeFrom(cmd, "optimizer", names...)
}

// defaultRates lists the learning rates that the optimizers have of themselves: "adam 0.001, sgd 0.01".
func defaultRates() string {
	var rates []string
	for _, name := range train.OptimizerNames() {
		// Every optimizer takes its own default, which the tests of its package hold.
		if o, err := train.OptimizerByName(name, 0); err == nil {
			rates = append(rates, fmt.Sprintf("%s %v", name, o.Rate()))
		}
	}
	return strings.Join(rates, ", ")
}
