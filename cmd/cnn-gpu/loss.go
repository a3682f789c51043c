package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"cnn-gpu/train"
)

// lossFlags adds the flags that choose a loss.
func lossFlags(cmd *cobra.Command, loss *string, smoothing *float64) {
	names := train.LossNames()
	cmd.Flags().StringVar(loss, "loss", "", "what is made small, a `word` and what it is set to, such as focal,gamma=1: "+train.LossHelp()+" (default: "+names[0]+")")
	cmd.Flags().Float64Var(smoothing, "label-smoothing", 0, "the `share` of each label that is spread over all classes, such as 0.1; in a binary loss, over there and not there")
	completeFrom(cmd, "loss", names...)
}

// parseLoss is the loss that the flags choose.
func parseLoss(loss string, smoothing float64) (train.Loss, error) {
	text := cmp.Or(loss, train.LossNames()[0])
	if smoothing != 0 {
		text += fmt.Sprintf(",label_smoothing=%v", smoothing)
	}
	l, err := train.ParseLoss(text)
	if err != nil {
		return nil, &usageError{err}
	}
	return l, nil
}
