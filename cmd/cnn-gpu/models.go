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
	var asJSON bool
	list := func(cmd *cobra.Command, _ []string) error { return listModels(cmd, asJSON) }
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List the models of the zoo, or show the file of one",
		Long: `List the models that come with cnn-gpu, each with its parameters, the floating-point operations for one image, its input and its source.

Each is a YAML file that lists layers in Keras's words. "models show" prints it: keep it as a file, change it, and train it
with --model FILE. The words that such a file may use:

` + modelWords(),
		Example: `  cnn-gpu models
  cnn-gpu models show mnist-cnn
  cnn-gpu models show mnist-cnn > my.yaml && cnn-gpu train --model my.yaml`,
		Args: takesCommand,
		RunE: list,
	}
	also := &cobra.Command{
		Use:     "list",
		Short:   "List the models of the zoo",
		Example: "  cnn-gpu models list\n  cnn-gpu models list --json",
		Args:    takes(0, 0, "cnn-gpu models list takes no arguments"),
		RunE:    list,
	}
	for _, c := range []*cobra.Command{cmd, also} {
		c.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	}
	cmd.AddCommand(also, newModelsShowCommand())
	return cmd
}

func newModelsShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Print the file of a model, to be kept, changed and trained",
		Example: "  cnn-gpu models show mnist-cnn\n  cnn-gpu models show lenet-5 > my.yaml",
		Args:    takes(1, 1, "give one model's name, as in: cnn-gpu models show mnist-cnn"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := model.ZooText(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd, zooFile{args[0], text})
			}
			fmt.Fprint(cmd.OutOrStdout(), text)
			return nil
		},
		ValidArgs: model.Zoo(),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the name and the file's text as JSON")
	return cmd
}

// zooFile is a model's file, as JSON has it.
type zooFile struct {
	Name string `json:"name"`
	File string `json:"file"`
}

// zooModel is a model of the zoo, as JSON has it.
type zooModel struct {
	Name   string      `json:"name"`
	Params int         `json:"params"`
	FLOPs  int64       `json:"flops"` // for one image
	Input  model.Shape `json:"input"`
	Source string      `json:"source"`
}

// modelWords lists the words of a model file, a kind of them on each line.
func modelWords() string {
	var s strings.Builder
	fmt.Fprintln(&s, "  layers:        ", wording.Or(model.Kinds()))
	fmt.Fprintln(&s, "  activations:   ", wording.Or(model.Functions()))
	fmt.Fprintln(&s, "  paddings:      ", wording.Or(model.Paddings()))
	fmt.Fprintln(&s, "  interpolations:", wording.Or(model.Interpolations()))
	fmt.Fprint(&s, "  initializers:  ", wording.Or(model.Initializers()))
	return s.String()
}

func listModels(cmd *cobra.Command, asJSON bool) error {
	var models []zooModel
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		if err != nil {
			return err
		}
		models = append(models, zooModel{name, m.ParamCount(), m.FLOPs(), m.Input.Shape, model.ZooSource(name)})
	}
	if asJSON {
		return printJSON(cmd, models)
	}
	t := newTable("Name", "Params", "FLOPs for one image", "Input", "Source")
	for _, m := range models {
		t.AppendRow(table.Row{m.Name, wording.English.Sprint(m.Params), wording.English.Sprint(m.FLOPs), m.Input, m.Source})
	}
	rightAlign(t, 2, 3)
	t.Spare(5)
	printTable(cmd.OutOrStdout(), t)
	fmt.Fprintln(cmd.ErrOrStderr(), "Layer by layer: cnn-gpu summary --model NAME. As a file: cnn-gpu models show NAME.")
	return nil
}
