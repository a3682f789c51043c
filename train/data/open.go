package data

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnn-gpu/internal/wording"
)

// Options says where Open looks.
type Options struct {
	// DataDir is the folder that holds a named set's files, either itself or in a folder named after the
	// set (mnist, or torchvision's MNIST/raw). Empty means those of [Folders].
	DataDir string
	// Pictures says how a set of pictures is read. Sets of images that have a size already take of it Stream, and where they are in one piece
	// its share and its seed.
	Pictures PictureSetOptions
}

// Splits are the parts of a data set.
type Splits struct {
	Training   Set
	Validation Set // nil where the set has none of its own; see Split
	Test       Set
	TestShare  float64 // of a set in one piece that was set apart for testing; 0 where the set has test images of its own

	// Preparation is what the images of a set of pictures were prepared like; the zero value for other sets, see PreparationOf.
	Preparation Preparation
	Pictures    *PictureReport // of a set of pictures; nil for other sets
	// Storage says where the images are if that is worth knowing: that they are read from disk, or that decoded ones could not be kept there.
	Storage string
}

// NotFoundError says that a named set is in none of the places where Open looked.
type NotFoundError struct {
	Name   string
	Places []string
	hints  string // what was seen there
	remedy string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("data: found no files of %s in %s%s; %s", e.Name, strings.Join(e.Places, ", "), e.hints, e.remedy)
}

// Unwrap makes errors.Is(err, fs.ErrNotExist) true.
func (e *NotFoundError) Unwrap() error { return fs.ErrNotExist }

// Open returns the training and the test images of a set. See OpenSplits.
func Open(name string, o Options) (train, test Set, err error) {
	s, err := OpenSplits(name, o)
	return s.Training, s.Test, err
}

// OpenSplits returns all parts of a set: one of Names, or any other name as a folder of IDX files. A folder that bears a known name
// is reached as ./mnist. With Options.DataDir, another name than the known ones is that of a set of one's own: its files are called
// NAME-train-images-idx3-ubyte and so on, or lie in a folder NAME.
//
// The IDX files are train-images, train-labels, test-images and test-labels (or t10k-images, t10k-labels) and perhaps
// validation-images and validation-labels (or val-), each followed by -idx3-ubyte or .idx3-ubyte (idx1 for labels, idx4 for images
// with channels last) and perhaps .gz. Each may lie in a folder that bears its name, as archives unpack them. A folder's classes are
// 0 to its highest training label.
//
// Files that are, byte for byte, those of another known set than the one that was named are refused.
//
// A folder may hold pictures ([PictureFormats]) instead, of any size: those of each class in a folder that bears its name, and in folders
// within it. The classes are the folders' names, sorted; there are 2 to 256. Where these folders lie in a folder train, there may be others in val (valid,
// validation) and test beside it: without test, val is what is tested on. Without both, and where there is no folder train, the seed sets a share
// of the pictures apart for testing. Hidden files and files that are no pictures are ignored; links are followed.
//
// A file of NumPy's arrays (.npz, numpy.savez) has the arrays x_train, y_train, x_test and y_test, as Keras's mnist.npz, and perhaps x_val and
// y_val, or train_images, train_labels and so on: images [n height width] or [n height width channels], as uint8, or as floats from 0 to 1 or
// to 255, and labels [n] or [n 1] as whole numbers from 0. Of x and y alone the seed sets a share apart for testing.
//
// A list of pictures does the same for pictures that lie anywhere: a CSV file with the columns path and label, or a file of JSON objects
// with these keys, one a line (.jsonl), in UTF-8. Paths are relative to the list's folder. A column split (train, val, test) says what each is for,
// and a column weight how much each weighs (1 where it is empty), see [WeightedSet]. A label may be several, with | between them or as a list in
// JSON, or none, which is a | alone or an empty list: then the set's targets are [MultiLabel].
func OpenSplits(name string, o Options) (Splits, error) {
	k, ok := lookUp(name)
	switch {
	case name == "digits" && o.DataDir != "":
		return Splits{}, fmt.Errorf("data: digits is built in: name the set whose files are in %s with --data, or leave out --data-dir", o.DataDir)
	case name == "digits" && o.Pictures.Stream:
		return Splits{}, errors.New("data: digits is drawn in memory and in no file: leave out --stream, or name another set with --data")
	case name == "digits":
		train, test := Digits()
		return Splits{Training: train, Test: test}, nil
	case ok:
		return k.open(o)
	case o.DataDir != "" && name != "":
		return openOwn(name, o)
	}
	return openFolder(name, o.Pictures)
}

func openFolder(name string, pictures PictureSetOptions) (Splits, error) {
	if info, err := os.Stat(name); err != nil {
		return Splits{}, fmt.Errorf("data: there is no data set and no folder %q; %s (a folder is one of IDX files or of pictures)", name, wording.Choose(name, Names()))
	} else if !info.IsDir() {
		if isNPZ(name) {
			return openNPZ(name, pictures)
		}
		if !isManifest(name) {
			return Splits{}, fmt.Errorf("data: %s is a file: give the folder that holds it, of IDX files or with a folder of pictures for each class, a list of pictures whose name ends in .csv or .jsonl, or NumPy's arrays in a file whose name ends in .npz", name)
		}
		l, err := listManifest(name, pictures.Classes)
		if err != nil {
			return Splits{}, err
		}
		return l.open(pictures)
	}
	f, err := findFiles(name, "")
	if err != nil {
		return Splits{}, err
	}
	if f.isEmpty() && len(f.others) > 0 {
		return Splits{}, errors.New("data: " + otherSets(name, f.others))
	}
	if f.isEmpty() {
		l, err := listFolder(name, pictures.Classes)
		if err != nil {
			return Splits{}, err
		}
		if l != nil {
			return l.open(pictures)
		}
		return Splits{}, fmt.Errorf("data: %s: expected a folder of pictures for each class (%s), or IDX files (%s, .gz or not, and its companions), found none%s",
			name, PictureFormats, fileName(trainImages), f.seen())
	}
	if err := f.check(name, ""); err != nil {
		return Splits{}, err
	}
	return load(known{name: name}, f.paths, pictures)
}

// openOwn opens a set of a name that is not known, from the folder that was given for it.
func openOwn(name string, o Options) (Splits, error) {
	dir := o.DataDir
	if isManifest(name) || isNPZ(name) {
		return Splits{}, fmt.Errorf("data: %s is a file by itself: leave out --data-dir, which is for sets that have a name, as in --data %s", name, wording.Argument(filepath.Join(dir, name)))
	}
	if strings.ContainsRune(name, filepath.Separator) || filepath.Clean(name) != name || name == "." || name == ".." {
		return Splits{}, fmt.Errorf("data: %s is a folder by itself: leave out --data-dir, which is for sets that have a name", name)
	}
	k := known{name: name, prefix: name + "-"}
	k.byHand = fmt.Sprintf("its files would be called %s%s and so on", k.prefix, fileName(trainImages))
	inner := filepath.Join(dir, name)
	if isFolder(name) {
		k.byHand = fmt.Sprintf("to read the folder %s, leave out --data-dir", name)
	} else if isFolder(inner) {
		k.byHand = fmt.Sprintf("a folder of pictures is named without --data-dir: --data %s", wording.Argument(inner))
	} else if near := wording.Nearest(name, Names()); near != "" {
		k.byHand = fmt.Sprintf("did you mean %s?", near)
	}
	return k.openIn(o, place{dir, k.prefix}, place{inner, k.prefix}, place{inner, ""})
}

// open opens a set of the catalog.
func (k known) open(o Options) (Splits, error) {
	if k.cifar != nil {
		return k.openRecords(o)
	}
	if o.DataDir != "" {
		return k.openIn(o, place{o.DataDir, k.prefix}, place{filepath.Join(o.DataDir, k.name), k.prefix},
			place{filepath.Join(o.DataDir, k.folder, "raw"), k.prefix})
	}
	dirs, err := Folders(k.name)
	if err != nil {
		return Splits{}, err
	}
	var places []place
	for _, dir := range dirs {
		places = append(places, place{dir, k.prefix})
	}
	return k.openAt(o, places...)
}

// Folders are where a set of Names is looked for if nobody names a folder, in this order: the folder that Fetch fills, and those of a package
// of the system. The error is that of CacheDir where there are none.
func Folders(name string) (dirs []string, err error) {
	cache, err := CacheDir(name)
	if err == nil {
		dirs = append(dirs, cache)
	}
	k, _ := lookUp(name)
	if dirs = append(dirs, k.systemFolders()...); len(dirs) > 0 {
		err = nil
	}
	return dirs, err
}

// systemFolders are where Debian's package of the set puts its files, in each of the folders for data of the XDG Base Directory Specification.
func (k known) systemFolders() (dirs []string) {
	if k.debian == "" {
		return nil
	}
	for _, base := range filepath.SplitList(cmp.Or(os.Getenv("XDG_DATA_DIRS"), "/usr/local/share:/usr/share")) {
		if filepath.IsAbs(base) { // as the specification has it
			dirs = append(dirs, filepath.Join(base, "datasets", k.name))
		}
	}
	return dirs
}

// openRecords opens a set of the catalog whose files are of records.
func (k known) openRecords(o Options) (Splits, error) {
	if o.DataDir != "" {
		if err := k.checkDataDir(o.DataDir); err != nil {
			return Splits{}, err
		}
		return k.openCIFAR(o.Pictures, o.DataDir, filepath.Join(o.DataDir, k.cifar.folder), filepath.Join(o.DataDir, k.name))
	}
	cache, err := CacheDir(k.name)
	if err != nil {
		return Splits{}, err
	}
	return k.openCIFAR(o.Pictures, cache, filepath.Join(cache, k.cifar.folder))
}

// openIn is openAt for places in a folder that has to exist.
func (k known) openIn(o Options, places ...place) (Splits, error) {
	if err := k.checkDataDir(o.DataDir); err != nil {
		return Splits{}, err
	}
	return k.openAt(o, places...)
}

func (k known) checkDataDir(dir string) error {
	if info, err := os.Stat(dir); err != nil {
		return fmt.Errorf("data: the data folder %s: %w; give the one that holds %s with --data-dir", dir, bare(err), k.name)
	} else if !info.IsDir() {
		return fmt.Errorf("data: the data folder %s is a file; name the folder that holds it", dir)
	}
	return nil
}

func (k known) openAt(o Options, places ...place) (Splits, error) {
	f, hints, err := search(places)
	if err != nil {
		return Splits{}, err
	}
	if f != nil {
		return load(k, f.paths, o.Pictures)
	}
	e := &NotFoundError{Name: k.name, hints: hints, remedy: k.byHand}
	for _, p := range places {
		if !slices.Contains(e.Places, p.dir) {
			e.Places = append(e.Places, p.dir)
		}
	}
	if e.remedy == "" {
		e.remedy = "fetch them with: cnn-gpu data fetch " + k.name
		if k.debian != "" {
			e.remedy += ", or install Debian's package " + k.debian
		}
		e.remedy += ", or name the folder that holds them with --data-dir DIR"
	}
	return Splits{}, e
}
