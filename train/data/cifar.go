package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cifar is the binary version of CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009):
// files of records, each of one or two labels, a byte each, and 32x32 pixels: all red values row by row, then the green, then the blue ones.
type cifar struct {
	folder         string // that the archive unpacks to
	training, test []string
	labels         []int // how many classes each label of a record tells apart
	label          int   // the one that counts
}

const (
	cifarSide     = 32
	cifarChannels = 3
	cifarPixels   = cifarSide * cifarSide * cifarChannels
)

func (c *cifar) record() int { return len(c.labels) + cifarPixels }

// cifarSets are the rows of the catalog.
func cifarSets() []known {
	ten := &cifar{
		folder:   "cifar-10-batches-bin",
		training: []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
		test:     []string{"test_batch.bin"},
		labels:   []int{len(cifarTen)},
	}
	hundred := &cifar{
		folder: "cifar-100-binary", training: []string{"train.bin"}, test: []string{"test.bin"},
		labels: []int{len(cifarCoarse), len(cifarFine)}, label: 1,
	}
	coarse := *hundred
	coarse.label = 0
	byHand := func(archive string) string {
		return "get " + archive + " (CIFAR's binary version) from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it and pass its folder with --data-dir DIR"
	}
	return []known{
		{name: "cifar10", classes: cifarTen, cifar: ten, preparation: asPhotographs, byHand: byHand("cifar-10-binary.tar.gz")},
		{name: "cifar100", classes: cifarFine, cifar: hundred, preparation: asPhotographs, byHand: byHand("cifar-100-binary.tar.gz")},
		{name: "cifar100-coarse", classes: cifarCoarse, cifar: &coarse, preparation: asPhotographs, byHand: byHand("cifar-100-binary.tar.gz")},
	}
}

// The classes in the order of their labels, as the archives' batches.meta.txt, fine_label_names.txt and coarse_label_names.txt have them.
var (
	cifarTen    = strings.Fields("airplane automobile bird cat deer dog frog horse ship truck")
	cifarCoarse = strings.Fields(`aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices
		household_furniture insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes
		large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2`)
	cifarFine = strings.Fields(`apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
		castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest
		fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse
		mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray
		road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank
		telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm`)
)

// openCIFAR opens a set of records, from the first of the folders that has some of its files.
func (k known) openCIFAR(o PictureSetOptions, dirs ...string) (Splits, error) {
	var hints string
	for _, dir := range dirs {
		var missing []string
		all := slices.Concat(k.cifar.training, k.cifar.test)
		for _, name := range all {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				missing = append(missing, name)
			}
		}
		switch len(missing) {
		case 0:
			return k.loadCIFAR(dir, o)
		case len(all):
			hints += k.cifar.otherVersion(dir)
		default:
			return Splits{}, fmt.Errorf("data: %s: expected the files %s of %s, found no %s: unpack the archive anew",
				dir, strings.Join(all, ", "), k.name, strings.Join(missing, ", "))
		}
	}
	return Splits{}, &NotFoundError{Name: k.name, Places: dirs, hints: hints, remedy: k.byHand}
}

// otherVersion tells of the archives' versions for Python and MATLAB.
func (c *cifar) otherVersion(dir string) string {
	for _, name := range []string{"cifar-10-batches-py", "cifar-10-batches-mat", "cifar-100-python", "cifar-100-matlab", "data_batch_1", "data_batch_1.mat"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return fmt.Sprintf("; %s is of another version, which is not read", filepath.Join(dir, name))
		}
	}
	return ""
}

// cifarFile is a file under way.
type cifarFile struct {
	*os.File
	path    string
	records int64
}

// loadCIFAR reads the files of a folder. The sizes of all are looked at before any of them is read.
func (k known) loadCIFAR(dir string, o PictureSetOptions) (s Splits, err error) {
	var files []cifarFile
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
	}()
	size := int64(0)
	for _, name := range slices.Concat(k.cifar.training, k.cifar.test) {
		f := cifarFile{path: filepath.Join(dir, name)}
		var bytes int64
		if f.File, bytes, err = openFile(f.path); err == nil {
			files = append(files, f)
			files[len(files)-1].records, err = k.cifar.records(bytes)
		}
		if err != nil {
			return Splits{}, fmt.Errorf("data: %s: %w", f.path, err)
		}
		size += files[len(files)-1].records * cifarPixels
	}
	storage := newStorage(size, o.Stream)
	s.Storage = storage.said()
	if s.Training, err = k.readCIFAR(files[:len(k.cifar.training)], storage); err == nil {
		s.Test, err = k.readCIFAR(files[len(k.cifar.training):], storage)
	}
	if err != nil {
		return Splits{}, fmt.Errorf("data: %w", err)
	}
	return s, nil
}

// readCIFAR reads files, one behind the other.
func (k known) readCIFAR(files []cifarFile, storage storage) (Set, error) {
	size := int64(0)
	for _, f := range files {
		size += f.records * cifarPixels
	}
	kept, err := storage.open(size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", files[0].path, err)
	}
	var labels []byte
	for _, f := range files {
		more, err := k.cifar.read(f, f.records, kept)
		if err != nil {
			kept.close()
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		labels = append(labels, more...)
	}
	return kept.set(images{name: k.name, shape: []int{cifarSide, cifarSide, cifarChannels}, classes: k.classes, labels: labels}, 0)
}

// records is how many records a file of so many bytes has.
func (c *cifar) records(size int64) (int64, error) {
	record := int64(c.record())
	if size == 0 || size%record != 0 {
		return 0, fmt.Errorf("%d bytes, expected a multiple of %d (%s and 32x32x3 values): it is torn, or a file of another set",
			size, record, map[bool]string{true: "a label", false: "two labels"}[len(c.labels) == 1])
	}
	return size / record, nil
}

// read adds the images of so many records to a store, and returns their labels.
func (c *cifar) read(r io.Reader, records int64, kept *store) (labels []byte, err error) {
	in, b, pixels := bufio.NewReader(r), make([]byte, c.record()), make([]byte, 0, cifarPixels)
	for i := range records {
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, torn(err)
		}
		for j, classes := range c.labels {
			if int(b[j]) >= classes {
				return nil, fmt.Errorf("image %d has the label %d, expected 0 to %d: it is damaged, or a file of another set", i, b[j], classes-1)
			}
		}
		labels = append(labels, b[c.label])
		planes := b[len(c.labels):]
		const area = cifarSide * cifarSide
		pixels = pixels[:0]
		for p := range area {
			pixels = append(pixels, planes[p], planes[area+p], planes[2*area+p])
		}
		kept.add(pixels)
	}
	return labels, nil
}
