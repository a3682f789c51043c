package data

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// load reads the files of a set. All headers are read and compared before any values, so that one that lies takes no memory.
func load(k known, paths [kinds]string) (s Splits, err error) {
	var files [kinds]*idx
	defer func() {
		for _, f := range files {
			if f != nil {
				err = errors.Join(err, f.close())
			}
		}
	}()
	for kind, path := range paths {
		if path == "" {
			continue
		}
		if files[kind], err = openIDX(path); err != nil {
			return Splits{}, err
		}
	}
	if err := k.compare(files); err != nil {
		return Splits{}, err
	}
	var sets [kinds / 2]*images
	for half := range sets {
		if files[2*half] == nil {
			continue
		}
		if sets[half], err = k.loadHalf(files[2*half], files[2*half+1], 2*half); err != nil {
			return Splits{}, err
		}
		if k.classes == nil {
			if k.classes, err = classesOf(sets[half].labels, paths[trainLabels]); err != nil {
				return Splits{}, err
			}
			sets[half].classes = k.classes
		}
	}
	s = Splits{Training: sets[trainImages/2], Test: sets[testImages/2]}
	if validation := sets[validationImages/2]; validation != nil {
		s.Validation = validation
	}
	return s, nil
}

// compare holds the headers of a set's files against each other.
func (k known) compare(files [kinds]*idx) error {
	first := files[trainImages]
	for kind := 0; kind < kinds; kind += 2 {
		pix, lab := files[kind], files[kind+1]
		switch {
		case pix == nil:
		case len(pix.dims) < 3:
			return fmt.Errorf("data: %s: expected images, as 3 or 4 dimensions (count, height, width, channels), found %d", pix.path, len(pix.dims))
		case len(lab.dims) != 1:
			return fmt.Errorf("data: %s: expected labels, as 1 dimension, found %d", lab.path, len(lab.dims))
		case pix.dims[0] != lab.dims[0]:
			return fmt.Errorf("data: %s holds %d images, %s holds %d labels: expected as many", pix.path, pix.dims[0], lab.path, lab.dims[0])
		case !slices.Equal(shapeOf(first), shapeOf(pix)):
			return fmt.Errorf("data: the images of %s have shape %v, those of %s %v: expected the same", first.path, shapeOf(first), pix.path, shapeOf(pix))
		case k.transposed && shapeOf(pix)[2] != 1:
			return fmt.Errorf("data: %s: expected one channel, found %d", pix.path, shapeOf(pix)[2])
		}
	}
	return nil
}

// shapeOf is the shape [H W C] of a file's images.
func shapeOf(pix *idx) []int { return append(slices.Clone(pix.dims[1:]), 1)[:3] }

// loadHalf reads the images, which are of that kind, and the labels of a part of the set.
func (k known) loadHalf(pix, lab *idx, kind int) (*images, error) {
	pixels, err := k.read(pix, kind)
	if err != nil {
		return nil, err
	}
	labels, err := k.read(lab, kind+1)
	if err != nil {
		return nil, err
	}
	for i, label := range labels {
		class := int(label) - k.firstLabel
		if k.classes != nil && (class < 0 || class >= len(k.classes)) {
			return nil, fmt.Errorf("data: %s: label %d is %d, expected %d to %d", lab.path, i, label, k.firstLabel, k.firstLabel+len(k.classes)-1)
		}
		labels[i] = byte(class)
	}
	shape := shapeOf(pix)
	if k.transposed {
		shape[0], shape[1] = shape[1], shape[0]
		transpose(pixels, shape[0], shape[1])
	}
	return &images{name: k.name, shape: shape, classes: k.classes, pixels: pixels, labels: labels}, nil
}

// read reads a file's values. It refuses those of another set.
func (k known) read(x *idx, kind int) ([]byte, error) {
	values, err := x.read()
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", x.path, err)
	}
	if owner := k.ownerOf(kind, x, values); owner != k.name {
		return nil, fmt.Errorf("data: %s is a file of %s, not of %s: choose --data %s, or give the folder that holds %s with --data-dir",
			x.path, owner, k.name, owner, k.name)
	}
	return values, nil
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
