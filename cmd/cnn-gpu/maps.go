package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/train/data"
	"cnn-gpu/train/run"
)

func newMapsCommand() *cobra.Command {
	var (
		name, dataDir, where, out string
		how                       device.Options
		index                     int
		force                     bool
		options                   data.PictureOptions
		cam                       gradCAM
		asJSON                    bool
	)
	cmd := &cobra.Command{
		Use:   "maps RUN|WEIGHTS [IMAGE] [flags]",
		Short: "Draw what each layer makes of an image",
		Long: `Draw what the layers of a trained model make of one image, as labelled PNG sheets in the order of the network:

  filters          the weights that a convolution slides over its input
  feature maps     what a convolution computes, before the activation
  activation maps  what the activation leaves of them
  pooled maps      what pooling makes of those

Red is above zero, blue below, white is zero. Filters over colour images are drawn in colours: grey is zero, a channel that a filter
looks for is bright, one that it turns away from is dark. The image is a picture (` + data.PictureFormats + `),
prepared as predict does, or - for one on standard input; without one it is a test image of the data that the model was trained on,
or of --data.

--grad-cam draws instead where in the image the evidence for a class lies: for the class that the model takes the image for or the one that
--class names, in the maps of the last convolution or of the layer that --layer names. The maps are weighted by how much each of them
changes the class's score (Selvaraju et al., "Grad-CAM", ICCV 2017).`,
		Example: `  cnn-gpu maps runs/mnist-cnn-digits
  cnn-gpu maps runs/mnist-cnn-digits seven.png --out seven-maps
  cnn-gpu maps runs/mnist-cnn-digits seven.png --grad-cam
  cnn-gpu maps runs/mnist-cnn-digits --index 3 --grad-cam --layer conv2d_1 --class 8
  cnn-gpu maps runs/mnist-cnn-mnist --data mnist --data-dir ~/mnist --index 17`,
		Args:              takes(1, 2, "give a run's folder or weights file and at most one picture, as in: cnn-gpu maps runs/mnist-cnn-digits seven.png"),
		ValidArgsFunction: completeRun,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) == 2 && (name != "" || cmd.Flags().Changed("index")) {
				return usageErrorf("give either a picture or --data and --index, not both")
			}
			if err := cam.check(cmd); err != nil {
				return err
			}
			t, err := openTrained(cmd, args[0], where, how, kernels.FP32)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, t.Close()) }()
			var x []float32
			var what string
			if len(args) == 2 {
				what = filepath.Base(args[1])
				options.Preparation = t.Preparation
				var picture *data.Prepared
				if picture, err = readPicture(cmd, args[1], t.Model.Input.Shape, options); err == nil {
					x = picture.Pixels
					fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", args[1], picture.Note)
				}
			} else {
				x, what, err = t.testImage(cmd, name, dataDir, index)
			}
			if err != nil {
				return err
			}
			folder, draw := "maps", drawMaps
			if cam.is {
				folder, draw = "grad-cam", cam.draw
			}
			if out == "" {
				out = freeName(filepath.Join(folderOf(args[0]), folder), force)
			}
			drawn, err := draw(t, x, what, out, force)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd, drawn)
			}
			drawn.print(cmd)
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&out, "out", "", "the `folder` for the sheets (default: maps in the run's folder, or grad-cam, numbered if there is one)")
	f.BoolVar(&force, "force", false, "write over sheets that are there")
	cam.flags(cmd)
	testFlags(cmd, &name, &dataDir)
	f.IntVar(&index, "index", 0, "the `number` of the test image, from 0")
	pictureFlags(cmd, &options)
	deviceFlag(cmd, &where)
	deviceOptionFlags(cmd, &how)
	f.BoolVar(&asJSON, "json", false, "print what was drawn as JSON")
	return cmd
}

// testImage is one of a data set's test images, and what it is called.
func (t *trained) testImage(cmd *cobra.Command, name, dataDir string, index int) ([]float32, string, error) {
	test, err := t.testSet(cmd, name, dataDir)
	if err != nil {
		return nil, "", err
	}
	if index < 0 || index >= test.Len() {
		return nil, "", usageErrorf("--index %d: %s has test images 0 to %d", index, test.Name(), test.Len()-1)
	}
	x := make([]float32, t.Model.Input.Shape.Elements())
	label, err := test.Example(index, x)
	if err != nil {
		return nil, "", err
	}
	shown, err := data.LabelsOf(test, index, label)
	if err != nil {
		return nil, "", err
	}
	return x, fmt.Sprintf("test image %d of %s, %s", index, test.Name(), run.Shown(test.Classes(), shown)), nil
}
