package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/train/data"
)

// picturesHelp says what a folder of pictures is.
const picturesHelp = `A folder of pictures (` + data.PictureFormats + `) has a folder for each class, whose name is the class's: photos/cat/1.jpg,
photos/dog/2.png. Pictures for testing stand in a folder test beside the one for training, as in photos/train/cat, photos/test/cat, and perhaps
others in val; where there are neither, a share of the pictures is set apart for testing, chosen by their names and the seed. Each picture is
turned upright, scaled until its shorter side fits, and cut to its middle, as predict does afterwards. With --resize shorter:256 the shorter side
becomes that long, so that the middle is less of the picture.

A list of pictures does the same for pictures that lie anywhere: a CSV file with the columns path and label, or JSON objects with these keys, one
a line (.jsonl). Paths are relative to the list's folder; a column split (train, val or test) says what each picture is for.

NumPy's arrays are read from a file .npz that numpy.savez or savez_compressed wrote: x_train, y_train, x_test and y_test, as in Keras's mnist.npz,
and perhaps x_val and y_val, or MedMNIST's train_images, train_labels and so on. Images are [n height width] or [n height width channels], as uint8, or as
floats from 0 to 1 or to 255; labels are [n] or [n 1], whole numbers from 0. Of x and y alone the seed sets a share apart for testing.

Decoded pictures are kept in cnn-gpu/data/pictures in the user's cache folder, a file for each folder and size. It may be deleted at any time.`

// streamHelp says what --stream does.
const streamHelp = "leave the images on disk and read them as they are needed (default: where they take more than half of the free memory)"

// checkForPictures refuses flags that say how pictures are read where the data is none.
func checkForPictures(cmd *cobra.Command, name string, pictures *data.PictureReport) error {
	var given []string
	for _, flag := range []string{"resize", "crop", "strict-data"} {
		if f := cmd.Flags().Lookup(flag); f != nil && f.Changed && pictures == nil {
			given = append(given, "--"+flag)
		}
	}
	if len(given) > 0 {
		return usageErrorf("%s holds no pictures that have to be decoded: leave out %s", name, wording.And(given))
	}
	return nil
}

// sayPictures tells what was left out of a set of pictures, if it is one, and where the images are.
func sayPictures(w io.Writer, r *data.PictureReport, storage string) {
	if r != nil {
		fmt.Fprint(w, r)
	}
	fmt.Fprint(w, storage)
}

// pictureProgress shows how many pictures are decoded, where somebody looks, and ends the reading with the command. It returns what takes the
// bar away, too.
func pictureProgress(cmd *cobra.Command) (progress func(done, total int) error, clear func()) {
	stderr := cmd.ErrOrStderr()
	if !isTerminal(stderr) {
		return func(int, int) error { return cmd.Context().Err() }, func() {}
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) error {
			if bar == nil {
				bar = newBar(stderr, int64(total), progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond))
				bar.Describe("pictures")
			}
			_ = bar.Set(done) // where standard error is gone there is nobody to tell
			return cmd.Context().Err()
		}, func() {
			if bar != nil {
				_ = bar.Clear()
			}
		}
}
