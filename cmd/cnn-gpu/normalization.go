package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/train/run"
)

// normalizationFlags adds the flags that say how images are normalized.
func normalizationFlags(cmd *cobra.Command, c *run.Config) {
	f := cmd.Flags()
	f.Var((*numbersFlag)(&c.Normalization.Mean), "mean", "the `numbers` to subtract from pixels, which are 0 to 1: one for each channel (red, green, blue), or one for all (default: none)")
	f.Var((*numbersFlag)(&c.Normalization.Std), "std", "the `numbers` to divide them by then, likewise (default: none)")
	f.BoolVar(&c.Standardize, "standardize", false, "take mean and standard deviation of each channel from the training images")
}

// numbersFlag is a flag of numbers with commas between them.
type numbersFlag []float64

func (f *numbersFlag) Type() string { return "numbers" }

func (f *numbersFlag) String() string { return numbers(*f) }

func (f *numbersFlag) Set(text string) error {
	*f = nil
	for field := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil {
			return errors.New("give numbers with commas between them, such as 0.5 or 0.49,0.48,0.45")
		}
		*f = append(*f, v)
	}
	return nil
}

// numbers are those of a list as their flag takes them.
func numbers(list []float64) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.Join(texts, ",")
}
