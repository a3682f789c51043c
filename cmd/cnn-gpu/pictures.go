package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/train/data"
)

// standardInput is how standard input is named as a picture.
const standardInput = "-"

// picturesOf lists the pictures that were named, with those of each folder in the order of their names.
func picturesOf(args []string) (images []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case arg == standardInput && slices.Contains(images, arg):
			return nil, usageErrorf("- is given twice, but standard input holds one picture")
		case arg == standardInput || err != nil || !info.IsDir():
			images = append(images, arg)
			continue
		}
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, err
		}
		n := len(images)
		for _, e := range entries {
			if !e.IsDir() && data.IsPictureName(e.Name()) {
				images = append(images, filepath.Join(arg, e.Name()))
			}
		}
		if len(images) == n {
			return nil, fmt.Errorf("the folder %s holds no pictures: expected files (%s) right in it, whose names end as theirs do, such as .png and .jpg", arg, data.PictureFormats)
		}
	}
	return images, nil
}

// readPicture reads a picture from a file or standard input.
func readPicture(cmd *cobra.Command, path string, shape []int, o data.PictureOptions) (*data.Prepared, error) {
	if path == standardInput {
		return data.PictureFrom("standard input", cmd.InOrStdin(), shape, o)
	}
	return data.Picture(path, shape, o)
}

// prepareAhead reads pictures on every processor, and yields each in its turn with a function that waits for it.
func prepareAhead(cmd *cobra.Command, images []string, shape []int, o data.PictureOptions) iter.Seq2[string, func() (*data.Prepared, error)] {
	type result struct {
		picture *data.Prepared
		err     error
	}
	return func(yield func(string, func() (*data.Prepared, error)) bool) {
		workers := runtime.GOMAXPROCS(0)
		ready := make([]chan result, len(images))
		start := func(i int) {
			if i < len(images) {
				ready[i] = make(chan result, 1)
				go func() {
					picture, err := readPicture(cmd, images[i], shape, o)
					ready[i] <- result{picture, err}
				}()
			}
		}
		for i := range workers {
			start(i)
		}
		for i, image := range images {
			wait := func() (*data.Prepared, error) {
				r := <-ready[i]
				return r.picture, r.err
			}
			if !yield(image, wait) {
				return
			}
			start(i + workers)
		}
	}
}

// seen is a folder for what the network saw of each picture; nothing is saved if it has no name.
type seen struct {
	dir   string
	files map[string]string // by picture
}

// newSeen names the files, and refuses to overwrite any.
func newSeen(dir string, images []string) (*seen, error) {
	s := &seen{dir, map[string]string{}}
	if dir == "" {
		return s, nil
	}
	taken := map[string]bool{}
	for _, image := range images {
		base := strings.TrimSuffix(filepath.Base(image), filepath.Ext(image))
		if image == standardInput {
			base = "standard-input"
		}
		name := base + ".png"
		for i := 2; taken[name]; i++ {
			name = fmt.Sprintf("%s-%d.png", base, i)
		}
		taken[name] = true
		s.files[image] = filepath.Join(dir, name)
		if exists(s.files[image]) {
			return nil, fmt.Errorf("--out %s: %s is there already; name another folder", dir, s.files[image])
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the folder for what the network saw: %w; give another one with --out", err)
	}
	return s, nil
}

// save writes what the network saw of a picture and returns the file's name.
func (s *seen) save(path string, p *data.Prepared, shape []int) (string, error) {
	if s.dir == "" {
		return "", nil
	}
	img := image.NewNRGBA(image.Rect(0, 0, shape[1], shape[0]))
	channels := shape[2]
	for i := range shape[0] * shape[1] {
		values := p.Pixels[i*channels:][:channels]
		level := func(c int) uint8 { return uint8(values[min(c, channels-1)]*255 + 0.5) }
		img.SetNRGBA(i%shape[1], i/shape[1], color.NRGBA{level(0), level(1), level(2), 255})
	}
	return s.files[path], writePNG(s.files[path], func(w io.Writer) error { return png.Encode(w, img) })
}
