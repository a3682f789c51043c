package data

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cnn-gpu/internal/memory"
	"cnn-gpu/internal/wording"

	"golang.org/x/sync/errgroup"
	"golang.org/x/text/unicode/norm"
)

// PictureSetOptions say how a set of pictures is read: a folder or a list that says of each what it shows, see [OpenSplits].
type PictureSetOptions struct {
	// Shape is what each picture becomes, [H W 1] or [H W 3]: the input of the model that is to learn from them. It is prepared as
	// [Picture] does where the [Preparation] is [Cropped].
	Shape []int
	// Shorter is that of the Preparation.
	Shorter int
	// Classes are those of a model that is trained already: labels are their places in it, and the set may lack some. If there are none, the
	// set names its classes itself.
	Classes []string
	// TestShare is the share of the pictures that is set apart for testing where the set has no test images of its own;
	// DefaultTestShare if 0. Each picture's name and the seed alone decide: it is in the same part on every machine, and those that
	// are added later move no other.
	TestShare float64
	Seed      uint64
	// Strict makes it an error that a picture cannot be read. Otherwise it is left out, and [Splits.Pictures] lists it.
	Strict bool
	// Stream leaves the decoded pictures in the cache on disk and reads them as they are needed, which changes no bit. Those that take more than half
	// of the memory that is free are streamed all the same.
	Stream bool
	// Fresh decodes all pictures, those in the cache too.
	Fresh bool
	// Progress, if not nil, is told how many pictures are decoded, one call at a time. Those in the cache are not decoded again. Its error
	// ends the reading, and is returned; what was decoded by then is in the cache.
	Progress func(done, total int) error
}

// DefaultTestShare of the pictures is set apart for testing.
const DefaultTestShare = 0.2

// PictureReport says what is worth knowing of a set of pictures.
type PictureReport struct {
	TestShare  float64  `json:"test_share,omitempty"` // that was set apart; 0 where the set has test images of its own
	Unreadable int      `json:"unreadable"`           // pictures that are in no part, since they cannot be read
	First      []string `json:"first,omitempty"`      // of these the first, each with the reason
	Ignored    int      `json:"ignored"`              // hidden files, and files that are no pictures
}

// unreadableShown is the most that a report lists.
const unreadableShown = 10

// String lists what is left out, a line each; empty if nothing is.
func (r *PictureReport) String() string {
	var b strings.Builder
	if r.Unreadable > 0 {
		wording.English.Fprintf(&b, "Pictures left out, since they cannot be read: %d\n", r.Unreadable)
		for _, line := range r.First {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		if more := r.Unreadable - len(r.First); more > 0 {
			wording.English.Fprintf(&b, "  and %d more\n", more)
		}
	}
	if r.Ignored > 0 {
		wording.English.Fprintf(&b, "Files ignored, since they are hidden or no pictures: %d\n", r.Ignored)
	}
	return b.String()
}

// purpose is what a picture serves for, and so the part of the set that it belongs to.
type purpose int

const (
	undecided purpose = iota // the seed decides
	forTraining
	forValidation
	forTesting
)

// listing is the pictures of a set, before any is read.
type listing struct {
	name     string // of the set
	source   string // the absolute path of the folder or the list
	classes  []string
	pictures []listed
	ignored  int

	isMultiLabel bool // a picture may have several classes, or none
	isWeighted   bool
}

// listed is a picture of a listing.
type listed struct {
	name     string // what decides its part: the path within the folder or as the list has it, with slashes, in Unicode's form NFC
	path     string
	purpose  purpose
	classes  []int // in their order: one unless the listing is multi-label
	weight   float32
	size     int64
	modified time.Time
}

// add adds a picture. One that is not there, such as of a link that leads nowhere, is found out when it is read.
func (l *listing) add(name, path string, classes []int, weight float32, p purpose) {
	one := listed{name: norm.NFC.String(filepath.ToSlash(name)), path: path, purpose: p, classes: classes, weight: weight}
	if info, err := os.Stat(path); err == nil {
		one.size, one.modified = info.Size(), info.ModTime()
	}
	l.pictures = append(l.pictures, one)
}

// sort puts the pictures in the order of their names, whatever the order in which a system lists them.
func (l *listing) sort() {
	slices.SortStableFunc(l.pictures, func(a, b listed) int { return strings.Compare(a.name, b.name) })
}

// asPhotographs is what sets of pictures are prepared like, and sets of photographs.
var asPhotographs = Preparation{Framing: Cropped, Ground: AnyGround}

// preparation is what the pictures are prepared like.
func (o PictureSetOptions) preparation() Preparation {
	p := asPhotographs
	p.Shorter = o.Shorter
	return p
}

// maxClasses is what a byte can tell apart.
const maxClasses = 256

// open decodes the pictures, or takes them from the cache, and parts them.
func (l *listing) open(o PictureSetOptions) (Splits, error) {
	report := &PictureReport{Ignored: l.ignored}
	if err := l.decide(o, report); err != nil {
		return Splits{}, err
	}
	if err := l.check(o); err != nil {
		return Splits{}, err
	}
	set := images{name: l.name, shape: slices.Clone(o.Shape), classes: l.classes}
	l.label(&set)
	pixels, storage, reasons, err := l.decode(set, o)
	if err != nil {
		return Splits{}, err
	}
	parts := map[purpose][]int{}
	for i, p := range l.pictures {
		if reasons[i] == nil {
			parts[p.purpose] = append(parts[p.purpose], i)
			continue
		}
		report.Unreadable++
		if len(report.First) < unreadableShown {
			report.First = append(report.First, fmt.Sprintf("%s: %v", wording.Printable(p.name), reasons[i]))
		}
	}
	if o.Strict && report.Unreadable > 0 {
		return Splits{}, fmt.Errorf("data: %s: expected every picture to be readable. %s", l.name, strings.TrimSpace(report.String()))
	}
	if err := l.checkParts(parts, o, report); err != nil {
		return Splits{}, err
	}
	s := Splits{
		Training: &subset{Wrapper{pixels}, parts[forTraining]}, Test: &subset{Wrapper{pixels}, parts[forTesting]},
		TestShare: report.TestShare, Preparation: o.preparation(), Pictures: report, Storage: storage,
	}
	if validation := parts[forValidation]; len(validation) > 0 {
		s.Validation = &subset{Wrapper{pixels}, validation}
	}
	return s, nil
}

// label gives a set the labels of the pictures, and targets and weights if there are some.
func (l *listing) label(set *images) {
	if l.isMultiLabel {
		set.targets = make([]byte, len(l.pictures)*len(l.classes))
	}
	for i, p := range l.pictures {
		first := 0
		if len(p.classes) > 0 {
			first = p.classes[0]
		}
		set.labels = append(set.labels, byte(first))
		if l.isMultiLabel {
			for _, class := range p.classes {
				set.targets[i*len(l.classes)+class] = 1
			}
		}
		if l.isWeighted {
			set.weights = append(set.weights, p.weight)
		}
	}
}

// decide gives each picture its part: a set has test images of its own, or validation images that stand for them, or the seed chooses some.
func (l *listing) decide(o PictureSetOptions, report *PictureReport) error {
	has := map[purpose]bool{}
	for _, p := range l.pictures {
		has[p.purpose] = true
	}
	if has[forTesting] || has[forValidation] {
		for i := range l.pictures {
			if p := &l.pictures[i].purpose; *p == forValidation && !has[forTesting] {
				*p = forTesting
			}
		}
		return nil
	}
	share := cmp.Or(o.TestShare, DefaultTestShare)
	if !(share > 0 && share < 1) {
		return fmt.Errorf("data: %s: a share of %v to set apart for testing: expected more than 0 and less than 1", l.name, share)
	}
	report.TestShare = share
	for i := range l.pictures {
		p := &l.pictures[i]
		if p.purpose = forTraining; isForTesting(p.name, share, o.Seed) {
			p.purpose = forTesting
		}
	}
	return nil
}

// isForTesting draws a number from 0 to 1 from the name and the seed, as the first bits of their SHA-256.
func isForTesting(name string, share float64, seed uint64) bool {
	const bits = 53
	sum := sha256.Sum256(append(binary.LittleEndian.AppendUint64(nil, seed), name...))
	return float64(binary.BigEndian.Uint64(sum[:])>>(64-bits))/(1<<bits) < share
}

// check refuses what no model could be trained on.
func (l *listing) check(o PictureSetOptions) error {
	switch {
	case len(o.Shape) == 0:
		return fmt.Errorf("data: %s holds pictures of any size: say what they are to become (Options.Pictures.Shape, which is the model's input)", l.name)
	case len(o.Shape) != 3 || o.Shape[0] < 1 || o.Shape[1] < 1 || o.Shape[2] != 1 && o.Shape[2] != 3:
		return fmt.Errorf("data: %s: pictures become images of shape [H W 1] or [H W 3], the model takes %v: change its input", l.name, o.Shape)
	case len(l.classes) < 2 && !l.isMultiLabel:
		return fmt.Errorf("data: %s has one class alone, %q: expected at least two, since there is nothing to tell apart", l.name, l.classes[0])
	case len(l.classes) > maxClasses:
		return fmt.Errorf("data: %s has %d classes: expected at most %d", l.name, len(l.classes), maxClasses)
	}
	if err := o.preparation().checkShorter(o.Shape); err != nil {
		return fmt.Errorf("data: %s: %w", l.name, err)
	}
	// While a picture is scaled, it is there in four bytes a pixel and once more.
	const copies = 4
	need := int64(product(o.Shape)) * copies * int64(runtime.GOMAXPROCS(0))
	if limit, enough := memory.Enough(need); !enough {
		return fmt.Errorf("data: %s: out of memory: to make images of %s takes %s, %s leaves %s: take a model with a smaller input",
			l.name, wording.Times(o.Shape), wording.Bytes(need), limit.Name, wording.Bytes(max(limit.Free, 0)))
	}
	return nil
}

// checkParts wants something to test and, for a model that is not trained yet, something to learn of each class.
func (l *listing) checkParts(parts map[purpose][]int, o PictureSetOptions, report *PictureReport) error {
	cause := ""
	if report.TestShare > 0 {
		cause = fmt.Sprintf(" (of the pictures, %v is set apart for testing: give more pictures, another share by --split, or another --seed)", report.TestShare)
	}
	if report.Unreadable > 0 {
		cause += ". " + strings.TrimSpace(report.String())
	}
	counts := make([]int, len(l.classes))
	for _, i := range parts[forTraining] {
		for _, class := range l.pictures[i].classes {
			counts[class]++
		}
	}
	for class, n := range counts {
		if n == 0 && o.Classes == nil {
			return fmt.Errorf("data: %s: the class %q has no picture to train on%s", l.name, l.classes[class], cause)
		}
	}
	if len(parts[forTesting]) == 0 {
		return fmt.Errorf("data: %s: there is no picture to test on%s", l.name, cause)
	}
	return nil
}

// decode decodes the pictures into memory, or onto the disk where they are to stay there. It says what [Splits.Storage] is, and why some could not be
// read.
func (l *listing) decode(set images, o PictureSetOptions) (s Set, storage string, reasons []error, err error) {
	if staysOnDisk(l.decodedSize(o), o.Stream) {
		s, reasons, err := l.decodeToDisk(set, o)
		storage = fmt.Sprintf("The decoded pictures, %s, are read from disk as they are needed.\n", wording.Bytes(l.decodedSize(o)))
		return s, storage, reasons, err
	}
	n := product(set.shape)
	cache := newPictureCache(l, o)
	var done []bool
	if !o.Fresh {
		set.pixels, done = cache.read()
	}
	if set.pixels == nil {
		set.pixels, done = make([]byte, len(l.pictures)*n), make([]bool, len(l.pictures))
	}
	reasons, decoded, err := l.decodeMissing(done, o, func(i int, pixels []byte) error {
		copy(set.pixels[i*n:], pixels)
		return nil
	})
	if decoded > 0 {
		if err := cache.write(set.pixels, done); err != nil {
			storage = fmt.Sprintf("The decoded pictures could not be kept in %s, so that they are decoded anew the next time: %v\n", cmp.Or(cache.path, "a cache folder"), bare(err))
		}
	}
	return &set, storage, reasons, err
}

// decodeMissing decodes the pictures that are not done yet and calls keep with each, from several goroutines. It says how many it decoded, and why
// others could not be read.
func (l *listing) decodeMissing(done []bool, o PictureSetOptions, keep func(i int, pixels []byte) error) (reasons []error, decoded int, err error) {
	var missing []int
	for i := range done {
		if !done[i] {
			missing = append(missing, i)
		}
	}
	reasons = make([]error, len(l.pictures))
	var telling sync.Mutex
	told := 0
	tell := func() error {
		if o.Progress == nil {
			return nil
		}
		telling.Lock()
		defer telling.Unlock()
		told++
		return o.Progress(told, len(missing))
	}
	var next, count atomic.Int64
	var all errgroup.Group
	for range min(runtime.GOMAXPROCS(0), len(missing)) {
		all.Go(func() error {
			pixels := make([]byte, product(o.Shape))
			for {
				at := int(next.Add(1)) - 1
				if at >= len(missing) {
					return nil
				}
				i := missing[at]
				var err error
				if reasons[i] = l.pictures[i].decode(pixels, o); reasons[i] == nil {
					if err = keep(i, pixels); err == nil {
						done[i] = true
						count.Add(1)
					}
				}
				if err = cmp.Or(err, tell()); err != nil {
					next.Store(int64(len(missing))) // nobody begins another one
					return err
				}
			}
		})
	}
	err = all.Wait()
	return reasons, int(count.Load()), err
}

// decode makes the picture an image's bytes.
func (p listed) decode(pixels []byte, o PictureSetOptions) error {
	f, size, err := openFile(p.path)
	if err != nil {
		return err
	}
	b, _, err := prepareBytes(io.NewSectionReader(f, 0, size), o.Shape, PictureOptions{Preparation: o.preparation()})
	copy(pixels, b)
	return errors.Join(err, f.Close())
}
