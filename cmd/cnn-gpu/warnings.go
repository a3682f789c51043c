package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// sayWarnings tells a person what in a model is hardly as it was meant.
func sayWarnings(cmd *cobra.Command, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(cmd.ErrOrStderr(), "Warning: %s.\n", w)
	}
}
