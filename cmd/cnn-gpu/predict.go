package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"gorgonia.org/tensor"

	"cnn-gpu/device"
	"cnn-gpu/train/data"
)

// prediction is what a model takes an image for.
type prediction struct {
	Image    string  `json:"image"`
	Prepared string  `json:"prepared"` // what was done to the picture
	Top      []guess `json:"top"`
}

type guess struct {
	Class       string  `json:"class"`
	Probability float32 `json:"probability"`
}

func newPredictCommand() *cobra.Command {
	var (
		where   string
		how     device.Options
		top     int
		asJSON  bool
		options data.PictureOptions
	)
	cmd := &cobra.Command{
		Use:   "predict RUN|WEIGHTS IMAGE... [flags]",
		Short: "Tell what is on pictures",
		Long: `Tell what a trained model takes PNG or JPEG pictures for: the most probable classes and how sure it is.

Pictures may have any size and colours. Each is made what the model was trained on, and the answer says how: turned to grey and
resized, a light background made dark, and for 28x28 inputs cut to its ink and centred as the images of MNIST are.`,
		Example: `  cnn-gpu predict runs/mnist-cnn-digits seven.png
  cnn-gpu predict runs/mnist-cnn-mnist/weights.safetensors *.jpg --top 5
  cnn-gpu predict runs/lenet-5-fashion-mnist shirt.jpg --no-center
  cnn-gpu predict runs/mnist-cnn-digits seven.png --json`,
		Args:              takes(2, 1<<30, "give a run's folder or weights file and then pictures, as in: cnn-gpu predict runs/mnist-cnn-digits seven.png"),
		ValidArgsFunction: completeRun,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if top < 1 {
				return usageErrorf("--top %d: give at least 1", top)
			}
			t, err := openTrained(cmd, args[0], where, how)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, t.Close()) }()
			// One picture that cannot be read must not hold up the others.
			var failed []error
			for _, image := range args[1:] {
				if err := cmd.Context().Err(); err != nil {
					return err
				}
				p, err := t.predict(cmd.Context(), image, options, top)
				if err != nil {
					failed = append(failed, err)
					continue
				}
				if asJSON {
					failed = append(failed, printJSON(cmd, p))
				} else {
					p.print(cmd.OutOrStdout())
				}
			}
			return errors.Join(failed...)
		},
	}
	f := cmd.Flags()
	f.IntVar(&top, "top", 3, "the `number` of classes to show")
	f.BoolVar(&options.NoInvert, "no-invert", false, "leave a light background light, for models trained on dark ink")
	f.BoolVar(&options.NoCenter, "no-center", false, "leave the framing as it is, for models trained on images that are not centred")
	deviceFlag(cmd, &where)
	deviceOptionFlags(cmd, &how)
	f.BoolVar(&asJSON, "json", false, "print a line of JSON for each picture")
	return cmd
}

func (t *trained) predict(ctx context.Context, image string, o data.PictureOptions, top int) (*prediction, error) {
	shape := t.Model.Input.Shape
	x, note, err := data.Picture(image, shape, o)
	if err != nil {
		return nil, err
	}
	y, err := t.trainer.Predict(ctx, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x)))
	if err != nil {
		return nil, err
	}
	p := &prediction{Image: image, Prepared: note}
	probabilities := y.Data().([]float32)
	order := ranked(probabilities)
	for _, class := range order[:min(top, len(order))] {
		p.Top = append(p.Top, guess{t.Classes[class], probabilities[class]})
	}
	return p, nil
}

func (p *prediction) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n", p.Image, p.Prepared)
	for _, g := range p.Top {
		fmt.Fprintf(w, "  %7.2f%%  %s\n", 100*g.Probability, g.Class)
	}
}

// ranked are the indices of values, the largest first; of equal ones the lower index first.
func ranked(values []float32) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	return order
}
