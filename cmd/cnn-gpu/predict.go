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
	"cnn-gpu/kernels"
	"cnn-gpu/train/data"
)

// prediction is what a model takes an image for.
type prediction struct {
	Image    string  `json:"image"`
	Prepared string  `json:"prepared"` // what was done to the picture
	Top      []guess `json:"top"`
	Sure     bool    `json:"sure"`
	Doubt    string  `json:"doubt,omitempty"` // why it is not sure
	Saw      string  `json:"saw,omitempty"`   // the file that shows what the network saw
}

type guess struct {
	Class       string  `json:"class"`
	Probability float32 `json:"probability"`
}

func newPredictCommand() *cobra.Command {
	var (
		where, out string
		how        device.Options
		factors    kernels.Precision
		top        int
		asJSON     bool
		options    data.PictureOptions
	)
	cmd := &cobra.Command{
		Use:   "predict RUN|WEIGHTS IMAGE... [flags]",
		Short: "Tell what is on pictures",
		Long: `Tell what a trained model takes pictures for: the most probable classes and how sure it is.

IMAGE is a picture (` + data.PictureFormats + `), a folder of pictures, or - for a picture on standard input.

Pictures may have any size and colours. Each is made what the model was trained on, and the answer says how. For models of MNIST's kind
the ink is searched: frames, tables, shadows, ruled lines and specks are left out, dark ink is made light, and the drawing is centred.
For others the whole picture is resized or, where they learnt from pictures, cut to its middle as these were. --out saves what the network saw.

"Not sure" is said where nothing or more than one thing stands out, and where no class does.

A model that ends with a sigmoid says of each class by itself whether it is there: all that are more probable than 50% are printed.`,
		Example: `  cnn-gpu predict runs/mnist-cnn-digits seven.png
  cnn-gpu predict runs/mnist-cnn-mnist/weights.safetensors *.jpg --top 5
  cnn-gpu predict runs/mnist-cnn-digits scans --out seen
  cnn-gpu predict runs/lenet-5-fashion-mnist shirt.jpg
  cnn-gpu predict runs/mnist-cnn-digits - --json < seven.png`,
		Args:              takes(2, 1<<30, "give a run's folder or weights file and then pictures, as in: cnn-gpu predict runs/mnist-cnn-digits seven.png"),
		ValidArgsFunction: completeRun,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if top < 1 {
				return usageErrorf("--top %d: give at least 1", top)
			}
			images, err := picturesOf(args[1:])
			if err != nil {
				return err
			}
			saved, err := newSeen(out, images)
			if err != nil {
				return err
			}
			t, err := openTrained(cmd, args[0], where, how, factors)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, t.Close()) }()
			options.Preparation = t.Preparation
			// One picture that cannot be read must not hold up the others.
			var failed []error
			for image, prepare := range prepareAhead(cmd, images, t.Model.Input.Shape, options) {
				if err := cmd.Context().Err(); err != nil {
					return err
				}
				picture, err := prepare()
				if err != nil {
					failed = append(failed, err)
					continue
				}
				p, err := t.predict(cmd.Context(), image, picture, top)
				if err == nil {
					p.Saw, err = saved.save(image, picture, t.Model.Input.Shape)
				}
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
	f.StringVar(&out, "out", "", "save what the network saw as PNG files in this `folder`")
	pictureFlags(cmd, &options)
	precisionFlag(cmd, &factors)
	deviceFlag(cmd, &where)
	deviceOptionFlags(cmd, &how)
	f.BoolVar(&asJSON, "json", false, "print a line of JSON for each picture")
	return cmd
}

// pictureFlags adds the flags that change how a picture is prepared.
func pictureFlags(cmd *cobra.Command, o *data.PictureOptions) {
	cmd.Flags().BoolVar(&o.NoInvert, "no-invert", false, "leave dark ink dark, for models trained on dark ink whose weights do not say so")
	cmd.Flags().BoolVar(&o.NoCenter, "no-center", false, "leave the framing as it is, for models trained on images that are not centred whose weights do not say so")
}

func (t *trained) predict(ctx context.Context, image string, picture *data.Prepared, asked int) (*prediction, error) {
	y, err := t.trainer.Predict(ctx, tensor.New(tensor.WithShape(t.Model.Input.Shape...), tensor.WithBacking(picture.Pixels)))
	if err != nil {
		return nil, err
	}
	probabilities := y.Data().([]float32)
	if err := checkFinite(image, "a probability", probabilities...); err != nil {
		return nil, err
	}
	top := asked
	p := &prediction{Image: image, Prepared: picture.Note, Doubt: picture.Doubt}
	order := ranked(probabilities)
	if _, each := t.Model.BinaryLogits(); each { // whether it is there, whatever else is
		there := 0
		for there < len(order) && probabilities[order[there]] > 0.5 {
			there++
		}
		if top = there; there == 0 {
			top, p.Doubt = asked, cmp.Or(p.Doubt, "no class is above 50%")
		}
	} else if p.Doubt == "" && !standsOut(probabilities, order) {
		p.Doubt = "no class stands out"
	}
	p.Sure = p.Doubt == ""
	for _, class := range order[:min(top, len(order))] {
		p.Top = append(p.Top, guess{t.Classes[class], probabilities[class]})
	}
	return p, nil
}

// standsOut says whether the first class is at least twice as probable as the second.
func standsOut(probabilities []float32, order []int) bool {
	return len(order) < 2 || probabilities[order[0]] >= 2*probabilities[order[1]]
}

func (p *prediction) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n", p.Image, p.Prepared)
	if !p.Sure {
		fmt.Fprintf(w, "  not sure: %s\n", p.Doubt)
	}
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
