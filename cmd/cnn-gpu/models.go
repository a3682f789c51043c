package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
)

func newModelsCommand() *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error { return listModels(cmd) }
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List the models of the zoo, or show the file of one",
		Long: `List the models that come with cnn-gpu, each with its parameters, the floating-point operations for one image, and its input.

Each is a YAML file that lists layers in Keras's words. "models show" prints it: keep it as a file, change it, and train it
with --model FILE. The words that such a file may use:

` + modelWords(),
		Example: `  cnn-gpu models
  cnn-gpu models show mnist-cnn
  cnn-gpu models show mnist-cnn > my.yaml && cnn-gpu train --model my.yaml`,
		Args: takesCommand,
		RunE: list,
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "list",
		Short:   "List the models of the zoo",
		Example: "  cnn-gpu models list",
		Args:    takes(0, 0, "cnn-gpu models list takes no arguments"),
		RunE:    list,
	}, &cobra.Command{
		Use:     "show NAME",
		Short:   "Print the file of a model, to be kept, changed and trained",
		Example: "  cnn-gpu models show mnist-cnn\n  cnn-gpu models show lenet-5 > my.yaml",
		Args:    takes(1, 1, "give one model's name, as in: cnn-gpu models show mnist-cnn"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := model.ZooText(args[0])
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), text)
			return nil
		},
		ValidArgs: model.Zoo(),
	})
	return cmd
}

// modelWords lists the words of a model file, a kind of them on each line.
func modelWords() string {
	var s strings.Builder
	fmt.Fprintln(&s, "  layers:      ", wording.Or(model.Kinds()))
	fmt.Fprintln(&s, "  activations: ", wording.Or(model.Functions()))
	fmt.Fprintln(&s, "  paddings:    ", wording.Or(model.Paddings()))
	fmt.Fprint(&s, "  initializers: ", wording.Or(model.Initializers()))
	return s.String()
}

func listModels(cmd *cobra.Command) error {
	t := newTable("Name", "Params", "FLOPs for one image", "Input")
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		if err != nil {
			return err
		}
		t.AppendRow(table.Row{name, wording.English.Sprint(m.ParamCount()), wording.English.Sprint(m.FLOPs()), m.Input.Shape})
	}
	rightAlign(t, 2, 3)
	printTable(cmd.OutOrStdout(), t)
	fmt.Fprintln(cmd.ErrOrStderr(), "Layer by layer: cnn-gpu summary --model NAME. As a file: cnn-gpu models show NAME.")
	return nil
}
