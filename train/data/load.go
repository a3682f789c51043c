package data

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// load reads the files of a set. All headers are read and compared before any values, so that one that lies takes no memory.
func load(k known, paths [kinds]string, o PictureSetOptions) (s Splits, err error) {
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
	size := int64(0)
	for kind := trainImages; kind < kinds; kind += 2 {
		if files[kind] != nil {
			size += files[kind].count
		}
	}
	storage := newStorage(size, o.Stream)
	var sets [kinds / 2]Set
	for half := range sets {
		if files[2*half] == nil {
			continue
		}
		if sets[half], err = k.loadHalf(files[2*half], files[2*half+1], 2*half, storage); err != nil {
			return Splits{}, err
		}
		k.classes = sets[half].Classes()
	}
	return Splits{Training: sets[trainImages/2], Test: sets[testImages/2], Validation: sets[validationImages/2], Storage: storage.said()}, nil
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

// loadHalf reads the images, which are of that kind, and the labels of a part of the set, whose classes are those of the first part where nobody
// knows them.
func (k known) loadHalf(pix, lab *idx, kind int, storage storage) (Set, error) {
	shape := shapeOf(pix)
	if k.transposed {
		shape[0], shape[1] = shape[1], shape[0]
	}
	kept, err := storage.open(pix.count)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", pix.path, err)
	}
	err = k.read(pix, kind, int64(product(shape)), func(b []byte) {
		if k.transposed {
			transpose(b, shape[0], shape[1])
		}
		kept.add(b)
	})
	var labels []byte
	if err == nil {
		err = k.read(lab, kind+1, lab.count, func(b []byte) { labels = b })
	}
	if err == nil {
		k.classes, err = k.number(labels, lab.path)
	}
	if err != nil {
		kept.close()
		return nil, err
	}
	return kept.set(images{name: k.name, shape: shape, classes: k.classes, labels: labels}, 0)
}

// number makes labels count from 0, and names their classes.
func (k known) number(labels []byte, path string) ([]string, error) {
	for i, label := range labels {
		class := int(label) - k.firstLabel
		if k.classes != nil && (class < 0 || class >= len(k.classes)) {
			return nil, fmt.Errorf("data: %s: label %d is %d, expected %d to %d", path, i, label, k.firstLabel, k.firstLabel+len(k.classes)-1)
		}
		labels[i] = byte(class)
	}
	if k.classes != nil {
		return k.classes, nil
	}
	return classesOf(labels, path)
}

// read calls keep with a file's values in pieces of so many bytes. It refuses those of another set.
func (k known) read(x *idx, kind int, piece int64, keep func(b []byte)) error {
	sums := newContentSums(kind)
	sums.write(x.header)
	err := x.read(piece, func(b []byte) {
		if len(k.files) > 0 {
			sums.write(b)
		}
		keep(b)
	})
	if err != nil {
		return fmt.Errorf("data: %s: %w", x.path, err)
	}
	if owner := k.ownerOf(kind, sums); len(k.files) > 0 && owner != k.name {
		return fmt.Errorf("data: %s is a file of %s, not of %s: choose --data %s, or give the folder that holds %s with --data-dir",
			x.path, owner, k.name, owner, k.name)
	}
	return nil
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
