package main

import (
	"github.com/spf13/cobra"

	"cnn-gpu/train"
)

func labelSmoothingFlag(cmd *cobra.Command, smoothing *float64) {
	cmd.Flags().Float64Var(smoothing, "label-smoothing", 0, "the `share` of each label that is spread over all classes, such as 0.1")
}

// lossWith is the loss with a smoothing of labels.
func lossWith(smoothing float64) (train.Loss, error) {
	l := train.SparseCategoricalCrossEntropy{LabelSmoothing: smoothing}
	if err := l.Check(); err != nil {
		return nil, usageErrorf("--label-smoothing %v: give a number from 0 to below 1, such as 0.1", smoothing)
	}
	return l, nil
}
