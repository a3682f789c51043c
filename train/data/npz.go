package data

import (
	"archive/zip"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"cnn-gpu/internal/npy"
	"cnn-gpu/internal/wording"
)

// npzSuffix ends the names of archives of NumPy's arrays (numpy.savez): zip files with an array NAME.npy for each name.
const npzSuffix = ".npz"

// isNPZ says whether a file is such an archive by its name.
func isNPZ(name string) bool { return strings.EqualFold(filepath.Ext(name), npzSuffix) }

// npzArrays are the arrays of a set by their names in small letters: those that Keras's own files have, those of MedMNIST, and x and y of a
// set that is in one piece.
var npzArrays = map[string]int{
	"x_train": trainImages, "y_train": trainLabels,
	"x_test": testImages, "y_test": testLabels,
	"x_val": validationImages, "y_val": validationLabels,

	"train_images": trainImages, "train_labels": trainLabels,
	"test_images": testImages, "test_labels": testLabels,
	"val_images": validationImages, "val_labels": validationLabels,

	"x": trainImages, "y": trainLabels,
}

const npzExpected = "expected the arrays x_train, y_train, x_test and y_test, and perhaps x_val and y_val, or x and y alone"

// npz is an archive under way.
type npz struct {
	name   string
	arrays [kinds]*npzArray
}

// npzArray is an array of it.
type npzArray struct {
	*npy.Array
	name string
	from io.Closer
}

// openNPZ opens a set in an archive of NumPy's arrays. All headers are read and compared before any values.
func openNPZ(name string, o PictureSetOptions) (s Splits, err error) {
	f, size, err := openFile(name)
	if err != nil {
		return Splits{}, fmt.Errorf("data: %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if s, err = readNPZ(name, f, size, o); err != nil {
		return Splits{}, fmt.Errorf("data: %s: %w", name, err)
	}
	return s, nil
}

func readNPZ(name string, r io.ReaderAt, size int64, o PictureSetOptions) (s Splits, err error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		head := make([]byte, sniffed)
		n, _ := r.ReadAt(head, 0) // what can't be read is not looked at
		if strings.HasPrefix(string(head[:n]), npy.Magic) {
			return Splits{}, errors.New("this is one NumPy array, expected an archive of them: save it by np.savez_compressed(file, x_train=..., y_train=..., x_test=..., y_test=...)")
		}
		return Splits{}, fmt.Errorf("not an archive as np.savez writes it: %w", err)
	}
	a := &npz{name: name}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.open(archive.File); err != nil {
		return Splits{}, err
	}
	if err := a.check(); err != nil {
		return Splits{}, err
	}
	return a.read(o)
}

func (a *npz) close() error {
	var errs []error
	for _, array := range a.arrays {
		if array != nil {
			errs = append(errs, array.from.Close())
		}
	}
	return errors.Join(errs...)
}

// open reads the headers of a set's arrays. Others in the archive are left alone.
func (a *npz) open(members []*zip.File) error {
	var others []string
	for _, m := range members {
		name, _ := strings.CutSuffix(m.Name, ".npy")
		kind, known := npzArrays[strings.ToLower(name)]
		if !known {
			others = append(others, wording.Printable(name))
			continue
		}
		if other := a.arrays[kind]; other != nil {
			return fmt.Errorf("both %s and %s are there, which mean the same: keep one of them", other.name, name)
		}
		array, err := openNPZArray(m, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		a.arrays[kind] = array
	}
	found := "none"
	if len(others) > 0 {
		found = wording.And(others[:min(len(others), nearShown)])
	}
	for half := 0; half < kinds; half += 2 {
		x, y := a.arrays[half], a.arrays[half+1]
		switch {
		case half == testImages && a.isWhole() && x == nil && y == nil:
		case (half < needed || x != nil || y != nil) && (x == nil || y == nil):
			return fmt.Errorf("%s; there is no %s (found %s)", npzExpected, a.missing(half), cmp.Or(a.names(), found))
		}
	}
	return nil
}

// isWhole says whether the set is in one piece, which is to be parted.
func (a *npz) isWhole() bool {
	x := a.arrays[trainImages]
	return x != nil && strings.EqualFold(x.name, "x")
}

// missing names the first array that a part lacks, in the words of its other one.
func (a *npz) missing(half int) string {
	kind := half
	if a.arrays[half] != nil {
		kind++
	}
	name := [kinds]string{"x_train", "y_train", "x_test", "y_test", "x_val", "y_val"}[kind]
	if kind == trainLabels && a.isWhole() {
		return "y"
	}
	return name
}

// names lists the arrays that were found.
func (a *npz) names() string {
	var names []string
	for _, array := range a.arrays {
		if array != nil {
			names = append(names, array.name)
		}
	}
	return wording.And(names)
}

// openNPZArray begins to read a member of the archive.
func openNPZArray(m *zip.File, name string) (*npzArray, error) {
	const encrypted = 1 // a bit of the flags (PKWARE's APPNOTE.TXT, section 4.4.4)
	switch {
	case m.Flags&encrypted != 0:
		return nil, errors.New("it is encrypted: save it without a password")
	case m.CompressedSize64 > maxValues || m.UncompressedSize64 > m.CompressedSize64*maxInflation:
		return nil, fmt.Errorf("%d bytes compressed to %d: the archive is damaged, or made to take up memory", m.UncompressedSize64, m.CompressedSize64)
	}
	in, err := m.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, errors.New("it is compressed in a way that is not read: save it by np.savez or np.savez_compressed")
	} else if err != nil {
		return nil, torn(err)
	}
	array, err := npy.Read(in, int64(m.UncompressedSize64), maxValues)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return &npzArray{array, name, in}, nil
}

// check holds the arrays against each other.
func (a *npz) check() error {
	first := a.arrays[trainImages]
	for half := 0; half < kinds; half += 2 {
		x, y := a.arrays[half], a.arrays[half+1]
		if x == nil {
			continue
		}
		switch {
		case len(x.Dims) != 3 && len(x.Dims) != 4:
			return fmt.Errorf("%s: expected images, [n height width] or [n height width channels], found %v: save it reshaped", x.name, x.Dims)
		case x.Type.Name != "uint8" && !x.Real:
			return fmt.Errorf("%s: expected pixels as uint8 from 0 to 255 or as floats from 0 to 1 or to 255, found %s: save x.astype(np.uint8), or x / its largest value", x.name, x.Type.Name)
		case len(y.Dims) == 2 && y.Dims[1] > 1:
			return fmt.Errorf("%s: expected labels, [n] or [n 1], found %v: if a row has a 1 for its class, save y.argmax(1)", y.name, y.Dims)
		case len(y.Dims) != 1 && len(y.Dims) != 2:
			return fmt.Errorf("%s: expected labels, [n] or [n 1], found %v", y.name, y.Dims)
		case y.Real:
			return fmt.Errorf("%s: expected labels as whole numbers from 0, found %s: save y.astype(np.uint8)", y.name, y.Type.Name)
		case x.Dims[0] != y.Dims[0]:
			return fmt.Errorf("%s holds %d images, %s holds %d labels: expected as many", x.name, x.Dims[0], y.name, y.Dims[0])
		case !slices.Equal(x.shape(), first.shape()):
			return fmt.Errorf("the images of %s have shape %v, those of %s %v: expected the same", first.name, first.shape(), x.name, x.shape())
		case x.Real != first.Real:
			return fmt.Errorf("%s is of %s, %s of %s: expected both of bytes or both of floats", first.name, first.Type.Name, x.name, x.Type.Name)
		}
	}
	return nil
}

// shape is that of one image, [H W C].
func (x *npzArray) shape() []int { return append(slices.Clone(x.Dims[1:]), 1)[:3] }

// size is what the images take, in bytes.
func (x *npzArray) size() int64 {
	if x.Real {
		return floatBytes * x.Count
	}
	return x.Count
}

// read reads the parts, and parts a set that is in one piece.
func (a *npz) read(o PictureSetOptions) (s Splits, err error) {
	size := int64(0)
	for half := 0; half < kinds; half += 2 {
		if x := a.arrays[half]; x != nil {
			size += x.size()
		}
	}
	storage := newStorage(size, o.Stream)
	var sets [kinds / 2]Set
	var classes []string
	var scale float32
	for half := range sets {
		x, y := a.arrays[2*half], a.arrays[2*half+1]
		if x == nil {
			continue
		}
		set := images{name: a.name, shape: x.shape(), classes: classes}
		if set.labels, err = y.labels(classes); err != nil {
			return Splits{}, fmt.Errorf("%s: %w", y.name, err)
		}
		if classes == nil {
			if classes, err = classesOf(set.labels, y.name); err != nil {
				return Splits{}, err
			}
			set.classes = classes
		}
		if sets[half], err = x.images(set, storage, &scale); err != nil {
			return Splits{}, fmt.Errorf("%s: %w", x.name, err)
		}
	}
	s = Splits{Training: sets[trainImages/2], Test: sets[testImages/2], Validation: sets[validationImages/2], Storage: storage.said()}
	if s.Test == nil {
		s.TestShare = cmp.Or(o.TestShare, DefaultTestShare)
		s.Training, s.Test, err = Split(s.Training, s.TestShare, o.Seed)
	}
	return s, err
}

// images reads the pixels of a part.
func (x *npzArray) images(of images, storage storage, scale *float32) (Set, error) {
	kept, err := storage.open(x.size())
	if err != nil {
		return nil, err
	}
	if x.Real {
		err = x.floats(kept, scale)
	} else {
		err = x.Pieces(int64(product(of.shape)), kept.add)
	}
	if err != nil {
		kept.close()
		return nil, err
	}
	return kept.set(of, *scale)
}

// labels reads whole numbers from 0, which are below the number of classes if these are known.
func (y *npzArray) labels(classes []string) ([]byte, error) {
	most := maxClasses
	if classes != nil {
		most = len(classes)
	}
	labels := make([]byte, y.Count)
	return labels, y.Each(func(i int, v float64) error {
		if v < 0 || v >= float64(most) {
			return fmt.Errorf("label %d is %v, expected 0 to %d", i, v, most-1)
		}
		labels[i] = byte(v)
		return nil
	})
}

// floats reads pixels as they are. They are to be divided by 1 where the first array's are from 0 to 1, and by 255 where some of those are above 1:
// the scale, which is 0 if it is not known yet.
func (x *npzArray) floats(kept *store, scale *float32) error {
	largest := float32(0)
	var b [floatBytes]byte
	err := x.Each(func(i int, v float64) error {
		if !(v >= 0 && v <= 255) {
			return fmt.Errorf("value %d is %v: expected pixels from 0 to 1 or to 255: save them as they were before mean and deviation were taken out", i, v)
		}
		largest = max(largest, float32(v))
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(float32(v)))
		kept.add(b[:])
		return nil
	})
	if err != nil {
		return err
	}
	if *scale == 0 {
		if *scale = 1; largest > 1 {
			*scale = 255
		}
	}
	if largest > *scale {
		return fmt.Errorf("values up to %v, where those of the training images are up to 1: expected all on one scale", largest)
	}
	return nil
}
