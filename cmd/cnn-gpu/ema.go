package main

import (
	"github.com/spf13/cobra"

	"cnn-gpu/train"
)

// emaFlags adds the flags of an average of the weights.
func emaFlags(cmd *cobra.Command, e *train.EMA) {
	f := cmd.Flags()
	f.Float64Var(&e.Momentum, "ema", 0, "measure and save an average of the weights over the steps: the `part` of it that stays in a step, such as 0.999 (default: no average)")
	f.IntVar(&e.Overwrite, "ema-overwrite", 0, "with --ema, let the weights become their averages after each such `number` of steps (default: never)")
}

// checkEMA refuses what the flags of an average must not be.
func checkEMA(e train.EMA, given func(flag string) bool) error {
	switch {
	case given("ema") && e.Momentum == 0:
		return usageErrorf("--ema 0: give a number above 0 and below 1, such as 0.999, or leave the flag out")
	case given("ema-overwrite") && e.Overwrite < 1:
		return usageErrorf("--ema-overwrite %d: give at least 1 step, or leave the flag out", e.Overwrite)
	}
	if err := e.Check(); err != nil {
		return usageErrorf("--ema: %w", err)
	}
	return nil
}
