package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/train/data"
	"cnn-gpu/train/plot"
)

// samplesPerClass is the number of images in a row of the sheet.
const samplesPerClass = 10

func newDataShowCommand() *cobra.Command {
	var dataDir, out string
	cmd := &cobra.Command{
		Use:   "show NAME|FOLDER [flags]",
		Short: "Count a data set's images and draw some of each class",
		Long: `Print how many training and test images of each class a data set has, and draw a sheet of its first training images, a row for
each class, as a PNG.`,
		Example: `  cnn-gpu data show digits
  cnn-gpu data show mnist --data-dir ~/mnist --out mnist.png
  cnn-gpu data show ./my-idx-files`,
		Args:      takes(1, 1, "give one data set's name or folder, as in: cnn-gpu data show digits"),
		ValidArgs: data.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkDataName(args[0]); err != nil {
				return err
			}
			train, test, err := data.Open(args[0], data.Options{DataDir: dataDir})
			if err != nil {
				return err
			}
			if err := printCounts(cmd.OutOrStdout(), train, test); err != nil {
				return err
			}
			if out == "" {
				out = filepath.Base(args[0]) + "-samples.png"
			}
			tiles, err := samples(train)
			if err != nil {
				return err
			}
			title := wording.English.Sprintf("%s: the first of %d training images", train.Name(), train.Len())
			err = writePNG(out, func(w io.Writer) error {
				return plot.Sheet(w, plot.SheetOptions{Title: title, Columns: samplesPerClass}, tiles)
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Samples of each class: %s\n", out)
			return nil
		},
	}
	cmd.Flags().StringVar(&dataDir, "data-dir", "", "the `folder` that holds the data set's files")
	cmd.Flags().StringVar(&out, "out", "", "the `file` to draw samples into (default: NAME-samples.png)")
	return cmd
}

func printCounts(w io.Writer, train, test data.Set) error {
	inTrain, err := data.Counts(train)
	if err != nil {
		return err
	}
	inTest, err := data.Counts(test)
	if err != nil {
		return err
	}
	shape := train.Shape()
	wording.English.Fprintf(w, "%s: images of %dx%dx%d\n", train.Name(), shape[0], shape[1], shape[2])
	t := newTable("Class", "Training", "Test")
	for i, class := range train.Classes() {
		t.AppendRow(table.Row{class, wording.English.Sprint(inTrain[i]), wording.English.Sprint(inTest[i])})
	}
	t.AppendSeparator()
	t.AppendRow(table.Row{"All", wording.English.Sprint(train.Len()), wording.English.Sprint(test.Len())})
	rightAlign(t, 2, 3)
	fmt.Fprintln(w, t.Render())
	return nil
}

// samples are tiles of the first images of each class, in the order of the classes.
func samples(set data.Set) ([]plot.Tile, error) {
	classes, shape := set.Classes(), set.Shape()
	found := make([][]plot.Tile, len(classes))
	for i := range set.Len() {
		tile := plot.Tile{Pixels: make([]float32, shape[0]*shape[1]*shape[2]), H: shape[0], W: shape[1], C: shape[2]}
		label, err := set.Example(i, tile.Pixels)
		if err != nil {
			return nil, err
		}
		if row := &found[label]; len(*row) < samplesPerClass {
			if len(*row) == 0 {
				tile.Heading = classes[label]
			}
			*row = append(*row, tile)
		}
	}
	var tiles []plot.Tile
	for _, row := range found {
		tiles = append(tiles, row...)
	}
	return tiles, nil
}
