package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/train"
)

// optimizerChoice is what the flags of an optimizer choose.
type optimizerChoice struct {
	name     string
	settings train.Settings
	clipping train.Clipping
}

// The flags of an optimizer and of its learning rate, which have other words in a model file.
const (
	optimizerFlag = "optimizer"
	rateFlag      = "lr"
)

// flags adds the flags that choose an optimizer; usage is what its help says before the names.
func (o *optimizerChoice) flags(cmd *cobra.Command, usage string) {
	names, flags := train.OptimizerNames(), cmd.Flags()
	flags.StringVar(&o.name, optimizerFlag, names[0], usage+": "+train.OptimizerHelp())
	completeFrom(cmd, optimizerFlag, names...)
	o.settings = train.Settings{}
	for _, s := range train.OptimizerSettings() {
		usage := s.Help + " (" + wording.And(s.Of) + ")"
		flags.Var(&settingFlag{o.settings, s}, settingFlagName(s.Word), usage)
		if s.IsFlag {
			flags.Lookup(settingFlagName(s.Word)).NoOptDefVal = "true"
		}
	}
	flags.Float64Var(&o.clipping.Norm, "clip-norm", 0, "the most that the `norm` of each parameter's gradient may be (default: any)")
	flags.Float64Var(&o.clipping.GlobalNorm, "global-clip-norm", 0, "the most that the `norm` of all gradients together may be (default: any)")
	flags.Float64Var(&o.clipping.Value, "clip-value", 0, "the most that each gradient's `magnitude` may be (default: any)")
}

// options are those of a training with the optimizer.
func (o *optimizerChoice) options() (options train.Options, err error) {
	if err = o.clipping.Check(); err != nil {
		return options, &usageError{err}
	}
	if options.Optimizer, err = train.OptimizerByName(o.name, o.settings); err != nil {
		return options, &usageError{err}
	}
	options.Clipping = o.clipping
	return options, nil
}

// arguments are the flags that choose it again.
func (o *optimizerChoice) arguments() string {
	text := "--optimizer " + o.name
	for _, word := range slices.Sorted(maps.Keys(o.settings)) {
		text += fmt.Sprintf(" --%s=%v", settingFlagName(word), o.settings[word])
	}
	for name, v := range map[string]float64{"clip-norm": o.clipping.Norm, "global-clip-norm": o.clipping.GlobalNorm, "clip-value": o.clipping.Value} { // one at most
		if v != 0 {
			text += fmt.Sprintf(" --%s %v", name, v)
		}
	}
	return text
}

// settingFlagName is the flag of a setting: Keras's word with dashes.
func settingFlagName(word string) string { return strings.ReplaceAll(word, "_", "-") }

// settingFlag is a flag that notes a setting.
type settingFlag struct {
	settings train.Settings
	setting  train.OptimizerSetting
}

func (f *settingFlag) String() string {
	if v, given := f.settings[f.setting.Word]; given {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

// Type is pflag's name of what the flag takes, which [wanted] knows.
func (f *settingFlag) Type() string {
	if f.setting.IsFlag {
		return "bool"
	}
	return "float64"
}

func (f *settingFlag) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if on, notBool := strconv.ParseBool(text); f.setting.IsFlag && notBool == nil {
		v, err = 0, nil
		if on {
			v = 1
		}
	}
	f.settings[f.setting.Word] = v
	return err
}

// defaultRates lists the learning rates that the optimizers have of themselves: "adam 0.001, sgd 0.01".
func defaultRates() string {
	var rates []string
	for _, name := range train.OptimizerNames() {
		// Every optimizer takes its own default, which the tests of its package hold.
		if o, err := train.OptimizerByName(name, nil); err == nil {
			rates = append(rates, fmt.Sprintf("%s %v", name, o.Rate()))
		}
	}
	return strings.Join(rates, ", ")
}
