package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/plot"
)

// samplesPerClass is the number of images in a row of the sheet.
const samplesPerClass = 10

// dataSummary is what a data set holds.
type dataSummary struct {
	Data       string              `json:"data"`
	Shape      []int               `json:"shape"` // [H W C]
	Training   int                 `json:"training"`
	Validation int                 `json:"validation,omitempty"`
	Test       int                 `json:"test"`
	Classes    []classSummary      `json:"classes"`
	Pictures   *data.PictureReport `json:"pictures,omitempty"`
	Samples    string              `json:"samples,omitempty"`          // the sheet's file
	LeftOut    string              `json:"samples_left_out,omitempty"` // why there is none
}

// classSummary is how many images a class has.
type classSummary struct {
	Class      string `json:"class"`
	Training   int    `json:"training"`
	Validation int    `json:"validation,omitempty"`
	Test       int    `json:"test"`
}

func newDataShowCommand() *cobra.Command {
	var (
		dataDir, out  string
		size          resizing
		augmentation  string
		pictures      data.PictureSetOptions
		force, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "show NAME|FOLDER|FILE [flags]",
		Short: "Count a data set's images and draw some of each class",
		Long: `Print how many training and test images of each class a data set has, and draw a sheet of its first training images, a row for
each class, as a PNG. Images that cannot be drawn, since they have neither one channel nor three, are counted alone.

With --augment the sheet shows the first image of each class as it is, and beside it as the first eight epochs of "train --augment" would see it.
Transformations are done in their order. Each has settings, by their words or in their order: crop:4 is crop:padding=4. They are, with their defaults:

` + augmentHelp() + `

Of a folder of pictures the sheet shows what a model of that input learns from, and what cannot be read is listed with the reason.

With --json there is one line with data, shape, training, test, classes and samples, the sheet's file, and of a folder of pictures
"pictures": test_share, unreadable, the first of these, and ignored.`,
		Example: `  cnn-gpu data show digits
  cnn-gpu data show mnist --data-dir ~/mnist --out mnist.png
  cnn-gpu data show ./my-idx-files --json
  cnn-gpu data show photos --resize 48x32
  cnn-gpu data show photos --resize shorter:256 --crop 224
  cnn-gpu data show photos.csv
  cnn-gpu data show mnist.npz
  cnn-gpu data show digits --augment crop:4,rotate:15`,
		Args:      takes(1, 1, "give one data set's name or folder, as in: cnn-gpu data show digits"),
		ValidArgs: data.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkSheetName(out, force); err != nil {
				return err
			}
			var pipeline *augment.Pipeline
			if augmentation != "" {
				var err error
				if pipeline, err = augment.Parse(augmentation); err != nil {
					return usageErrorf("--augment %s: %w", augmentation, err)
				}
			}
			shorter, w, h, err := size.sizes()
			if err != nil {
				return err
			}
			if w == 0 {
				return usageErrorf("--resize %s: say by --crop what is cut out of the middle, such as --crop 224", size.resize)
			}
			pictures.Shorter = shorter
			pictures.Shape = []int{h, w, 3}
			var clearBar func()
			pictures.Progress, clearBar = pictureProgress(cmd)
			splits, err := data.OpenSplits(args[0], data.Options{DataDir: dataDir, Pictures: pictures})
			clearBar()
			if err != nil {
				return err
			}
			if err := checkForPictures(cmd, args[0], splits.Pictures); err != nil {
				return err
			}
			if cmd.Flags().Changed("split") && splits.TestShare == 0 {
				return usageErrorf("%s has test images of its own: leave out --split", args[0])
			}
			s, err := summarize(splits)
			if err != nil {
				return err
			}
			if !asJSON {
				s.print(cmd.OutOrStdout())
			}
			sayPictures(cmd.ErrOrStderr(), s.Pictures, splits.Storage)
			if out == "" {
				out = sheetName(args[0], force)
			}
			if err := s.draw(splits.Training, out, pipeline, pictures.Seed); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd, s)
			}
			if s.LeftOut != "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "Samples are left out: %s\n", s.LeftOut)
				return nil
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Samples of each class: %s\n", s.Samples)
			return nil
		},
	}
	cmd.Flags().StringVar(&dataDir, "data-dir", "", "the `folder` that holds the data set's files")
	cmd.Flags().StringVar(&out, "out", "", "the `file` to draw samples into (default: NAME-samples.png, numbered if there is one)")
	cmd.Flags().StringVar(&size.resize, "resize", "64x64", "the `size` (width x height) that pictures of a folder become, or as shorter:256 the length of their shorter side")
	cmd.Flags().StringVar(&size.crop, "crop", "", "with --resize shorter:256, the `size` that is cut out of their middle, such as 224 or 320x224")
	cmd.Flags().Float64Var(&pictures.TestShare, "split", data.DefaultTestShare, "the `share` of pictures, or of the arrays x and y, to set apart for testing, where there are no test images")
	cmd.Flags().BoolVar(&pictures.Strict, "strict-data", false, "fail where a picture cannot be read, instead of leaving it out")
	cmd.Flags().Uint64Var(&pictures.Seed, "seed", 1, "a `number` that chooses these, and what --augment draws, as train's does")
	cmd.Flags().StringVar(&augmentation, "augment", "", "draw images as train's --augment transforms them: `words` with their settings, such as flip,crop:4")
	cmd.Flags().BoolVar(&force, "force", false, "write over a file that is there")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the counts as JSON")
	return cmd
}

// checkSheetName refuses a file that there is, and one whose name says that it is no PNG.
func checkSheetName(out string, force bool) error {
	if out == "" {
		return nil
	}
	if !strings.EqualFold(filepath.Ext(out), ".png") {
		return usageErrorf("--out %s: samples are drawn as a PNG; give a name that ends in .png", out)
	}
	return checkNew(out, "out", force)
}

// sheetName is where samples go if nobody says where.
func sheetName(set string, force bool) string {
	if absolute, err := filepath.Abs(set); err == nil {
		set = absolute // "." has no name of its own
	}
	return freeName(filepath.Base(set)+"-samples.png", force)
}

func summarize(splits data.Splits) (*dataSummary, error) {
	training := splits.Training
	s := &dataSummary{Data: training.Name(), Shape: training.Shape(), Training: training.Len(), Test: splits.Test.Len(), Pictures: splits.Pictures}
	for _, class := range training.Classes() {
		s.Classes = append(s.Classes, classSummary{Class: class})
	}
	count := func(set data.Set, field func(*classSummary) *int) error {
		counts, err := data.Counts(set)
		for i, n := range counts {
			*field(&s.Classes[i]) = n
		}
		return err
	}
	if err := count(training, func(c *classSummary) *int { return &c.Training }); err != nil {
		return nil, err
	}
	if v := splits.Validation; v != nil {
		s.Validation = v.Len()
		if err := count(v, func(c *classSummary) *int { return &c.Validation }); err != nil {
			return nil, err
		}
	}
	return s, count(splits.Test, func(c *classSummary) *int { return &c.Test })
}

func (s *dataSummary) print(w io.Writer) {
	wording.English.Fprintf(w, "%s: images of %dx%dx%d\n", s.Data, s.Shape[0], s.Shape[1], s.Shape[2])
	header := table.Row{"Class", "Training", "Test"}
	row := func(class string, training, validation, test int) table.Row {
		r := table.Row{class, wording.English.Sprint(training), wording.English.Sprint(test)}
		if s.Validation > 0 {
			r = append(r, wording.English.Sprint(validation))
		}
		return r
	}
	if s.Validation > 0 {
		header = append(header, "Validation")
	}
	t := newTable(header...)
	for _, c := range s.Classes {
		t.AppendRow(row(c.Class, c.Training, c.Validation, c.Test))
	}
	t.AppendSeparator()
	t.AppendRow(row("All", s.Training, s.Validation, s.Test))
	rightAlign(t, 2, 3, 4)
	printTable(w, t)
}

// draw draws samples of the training images into a file, or notes why they cannot be drawn.
func (s *dataSummary) draw(training data.Set, out string, pipeline *augment.Pipeline, seed uint64) error {
	var tiles []plot.Tile
	var err error
	title, columns := wording.English.Sprintf("%s: the first of %d training images", training.Name(), training.Len()), samplesPerClass
	if pipeline != nil {
		title, columns = fmt.Sprintf("%s: %s", training.Name(), pipeline), 1+augmentedSamples
		tiles, err = augmentedTiles(training, pipeline, seed)
	} else {
		tiles, err = samples(training)
	}
	if err != nil {
		return err
	}
	err = writePNG(out, func(w io.Writer) error {
		return plot.Sheet(w, plot.SheetOptions{Title: title, Columns: columns}, tiles)
	})
	var undrawable *plot.UndrawableError
	if errors.As(err, &undrawable) {
		s.LeftOut = undrawable.Error()
		return nil
	}
	s.Samples = out
	return err
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
		shown, err := data.LabelsOf(set, i, label)
		if err != nil {
			return nil, err
		}
		for _, class := range shown {
			if row := &found[class]; len(*row) < samplesPerClass {
				if tile.Heading = ""; len(*row) == 0 {
					tile.Heading = classes[class]
				}
				*row = append(*row, tile)
			}
		}
	}
	var tiles []plot.Tile
	for _, row := range found {
		tiles = append(tiles, row...)
	}
	return tiles, nil
}
