package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"

	"cnn-gpu/train"
)

// Wherever an optimizer can be chosen, the help and the shell's completion name all that there are, and so does the error.
func TestEveryOptimizerIsOffered(t *testing.T) {
	names, flags := train.OptimizerNames(), 0
	everyCommand(newRootCommand(), func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			switch f.Name {
			case "optimizer":
				flags++
				path := strings.Fields(c.CommandPath())[1:]
				completed := succeed(t, append(append([]string{"__complete"}, path...), "--optimizer", "")...).stdout
				assert.Equal(t, names[0], f.DefValue, c.CommandPath())
				for _, name := range names {
					assert.Contains(t, f.Usage, name, c.CommandPath())
					assert.Contains(t, completed, name+"\n", c.CommandPath())
				}
				for _, s := range train.OptimizerSettings() {
					if setting := c.Flags().Lookup(settingFlagName(s.Word)); assert.NotNil(t, setting, "%s: %s", c.CommandPath(), s.Word) {
						assert.Contains(t, setting.Usage, s.Help)
					}
				}
			case "lr":
				for _, name := range names {
					o, err := train.OptimizerByName(name, nil)
					assert.NoError(t, err)
					assert.Contains(t, f.Usage, fmt.Sprintf("%s %v", name, o.Rate()))
				}
			}
		})
	})
	assert.Equal(t, 4, flags, "train, summary, bench and compile")
	r := runCommand("train", "--optimizer", "ftrl")
	for _, name := range names {
		assert.Contains(t, r.stderr, name)
	}
}

// No flag of train takes a number that is 0 in float32, in which devices compute: every flag that is a number is tried.
func TestFlagsThatVanishInFloat32(t *testing.T) {
	w := newTiny(t)
	optimizers := map[string]string{}
	for _, s := range train.OptimizerSettings() {
		optimizers[settingFlagName(s.Word)] = s.Of[0]
	}
	tried := 0
	newTrainCommand().Flags().VisitAll(func(f *pflag.Flag) {
		isShare := f.Name == "validation" || f.Name == "split" // of the images, of which no device knows
		if f.Value.Type() != "float64" || isShare {
			return
		}
		for _, v := range []string{"1e-46", "1e-50"} {
			args := append(w.trainArgs(), "--"+f.Name, v)
			if o := optimizers[f.Name]; o != "" {
				args = append(args, "--optimizer", o)
			}
			r := runCommand(args...)
			assert.NotZero(t, r.code, "--%s %s", f.Name, v)
			assert.Contains(t, r.stderr, v, "--%s", f.Name)
		}
		tried++
	})
	assert.Greater(t, tried, 10)
	assert.NoDirExists(t, w.out)
}
