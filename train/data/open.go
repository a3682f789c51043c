package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Options says where Open looks.
type Options struct {
	// DataDir is the folder that holds a named set's files, either itself or in a folder named after the
	// set (mnist, or torchvision's MNIST/raw). Empty means the cache folder that Fetch fills.
	DataDir string
}

// NotFoundError says that a named set is in none of the places where Open looked.
type NotFoundError struct {
	Name   string
	Places []string
	remedy string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("data: found no files of %s in %s; %s", e.Name, strings.Join(e.Places, ", "), e.remedy)
}

// Unwrap makes errors.Is(err, fs.ErrNotExist) true.
func (e *NotFoundError) Unwrap() error { return fs.ErrNotExist }

// Open returns the training and the test images of a set: one of Names, or any other name as a folder
// of IDX files. A folder that bears a known name is reached as ./mnist.
//
// The IDX files are train-images, train-labels, t10k-images and t10k-labels (or test-images, test-labels),
// each followed by -idx3-ubyte or .idx3-ubyte (idx1 for labels, idx4 for images with channels last) and
// perhaps .gz. A folder's classes are 0 to its highest training label.
func Open(name string, o Options) (train, test Set, err error) {
	k, ok := lookUp(name)
	switch {
	case name == "digits":
		train, test = Digits()
		return train, test, nil
	case ok:
		return openKnown(k, o)
	}
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return nil, nil, fmt.Errorf("data: %q is neither a folder nor a known set: expected %s, or a folder of IDX files", name, strings.Join(Names(), ", "))
	}
	p, err := findFiles(name, "")
	if err != nil {
		return nil, nil, err
	}
	if p == nil {
		return nil, nil, fmt.Errorf("data: %s: expected IDX files (train-images-idx3-ubyte, .gz or not, and its companions), found none", name)
	}
	return load(known{name: name}, p)
}

func openKnown(k known, o Options) (train, test Set, err error) {
	places := []string{o.DataDir}
	if o.DataDir == "" {
		cache, err := CacheDir(k.name)
		if err != nil {
			return nil, nil, err
		}
		places[0] = cache
	} else {
		places = append(places, filepath.Join(o.DataDir, k.name), filepath.Join(o.DataDir, k.folder, "raw"))
		if info, err := os.Stat(o.DataDir); err != nil {
			return nil, nil, fmt.Errorf("data: the data folder: %w", err)
		} else if !info.IsDir() {
			return nil, nil, fmt.Errorf("data: the data folder %s is a file; name the folder that holds it", o.DataDir)
		}
	}
	for _, dir := range places {
		p, err := findFiles(dir, k.prefix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if p != nil {
			return load(k, p)
		}
	}
	remedy := k.byHand
	if remedy == "" {
		remedy = "fetch them with: cnn-gpu data fetch " + k.name + ", or name the folder that holds them with --data-dir DIR"
	}
	return nil, nil, &NotFoundError{k.name, places, remedy}
}

// parts are the four kinds of files, as their names begin after the prefix.
var parts = [4]string{"train-images", "train-labels", "test-images", "test-labels"}

var idxName = regexp.MustCompile(`^(.+-)?(train|test|t10k)-(images|labels)[-.]idx[134]-ubyte(\.gz)?$`)

// findFiles returns the paths of a folder's four files whose names have the prefix, in the order of
// parts, or nil if there is none of them. Of a file and its .gz it takes the plain one.
func findFiles(dir, prefix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	paths := make([]string, len(parts))
	found := 0
	others := []string{}
	for _, e := range entries { // sorted: a plain file comes before its .gz
		m := idxName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		if m[1] != prefix {
			others = append(others, strings.TrimSuffix(m[1], "-"))
			continue
		}
		i := slices.Index(parts[:], strings.Replace(m[2], "t10k", "test", 1)+"-"+m[3])
		if paths[i] == "" {
			paths[i] = filepath.Join(dir, e.Name())
			found++
		}
	}
	if found == 0 && len(others) > 0 && prefix == "" {
		return nil, fmt.Errorf("data: %s holds files of %s: name the set, as in --data %s --data-dir %s",
			dir, strings.Join(slices.Compact(others), ", "), others[0], dir)
	}
	if found == 0 {
		return nil, nil
	}
	if i := slices.Index(paths, ""); i >= 0 {
		return nil, fmt.Errorf("data: %s: expected a file %s%s-idx%d-ubyte (or .gz, or t10k for test), found none", dir, prefix, parts[i], 3-2*(i%2))
	}
	return paths, nil
}

// load reads the four files of a set. Without classes, it takes them from the training labels.
func load(k known, paths []string) (Set, Set, error) {
	train, err := loadHalf(k, paths[0], paths[1])
	if err != nil {
		return nil, nil, err
	}
	if k.classes == nil {
		if k.classes, err = classesOf(train.labels, paths[1]); err != nil {
			return nil, nil, err
		}
		train.classes = k.classes
	}
	test, err := loadHalf(k, paths[2], paths[3])
	if err != nil {
		return nil, nil, err
	}
	if !slices.Equal(train.shape, test.shape) {
		return nil, nil, fmt.Errorf("data: the images of %s have shape %v, those of %s %v: expected the same", paths[0], train.shape, paths[2], test.shape)
	}
	return train, test, nil
}

// loadHalf reads the images and the labels of the training or the test set.
func loadHalf(k known, imagesPath, labelsPath string) (*images, error) {
	pix, err := readIDXFile(imagesPath)
	if err != nil {
		return nil, err
	}
	lab, err := readIDXFile(labelsPath)
	if err != nil {
		return nil, err
	}
	switch {
	case len(pix.dims) < 3:
		return nil, fmt.Errorf("data: %s: expected images, as 3 or 4 dimensions (count, height, width, channels), found %d", imagesPath, len(pix.dims))
	case len(lab.dims) != 1:
		return nil, fmt.Errorf("data: %s: expected labels, as 1 dimension, found %d", labelsPath, len(lab.dims))
	case pix.dims[0] != lab.dims[0]:
		return nil, fmt.Errorf("data: %s holds %d images, %s holds %d labels: expected as many", imagesPath, pix.dims[0], labelsPath, lab.dims[0])
	}
	shape := append(slices.Clone(pix.dims[1:]), 1)[:3]
	for i, label := range lab.values {
		class := int(label) - k.firstLabel
		if k.classes != nil && (class < 0 || class >= len(k.classes)) {
			return nil, fmt.Errorf("data: %s: label %d is %d, expected %d to %d", labelsPath, i, label, k.firstLabel, k.firstLabel+len(k.classes)-1)
		}
		lab.values[i] = byte(class)
	}
	if k.transposed {
		if shape[0], shape[1] = shape[1], shape[0]; shape[2] != 1 {
			return nil, fmt.Errorf("data: %s: expected one channel, found %d", imagesPath, shape[2])
		}
		transpose(pix.values, shape[0], shape[1])
	}
	return &images{name: k.name, shape: shape, classes: k.classes, pixels: pix.values, labels: lab.values}, nil
}

// transpose turns images stored column by column into images of h rows of w pixels.
func transpose(pixels []byte, h, w int) {
	columns := make([]byte, h*w)
	for ; len(pixels) > 0; pixels = pixels[h*w:] {
		copy(columns, pixels)
		for y := range h {
			for x := range w {
				pixels[y*w+x] = columns[x*h+y]
			}
		}
	}
}

// classesOf names a folder's classes 0 to the highest label, and wants an example of each: a lying
// label would otherwise widen the model's output unseen.
func classesOf(labels []byte, path string) ([]string, error) {
	var seen [256]bool
	for _, label := range labels {
		seen[label] = true
	}
	highest := slices.Max(labels)
	classes := make([]string, int(highest)+1)
	for i := range classes {
		if !seen[i] {
			return nil, fmt.Errorf("data: %s: there is a label %d but none is %d: expected labels from 0 with no gap", path, highest, i)
		}
		classes[i] = strconv.Itoa(i)
	}
	return classes, nil
}
