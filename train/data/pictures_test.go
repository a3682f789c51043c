package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// album is a folder of pictures, and options that make them 6x5 in colour. The cache is a folder of the test's own.
type album struct {
	t       *testing.T
	dir     string
	options Options
	decoded *atomic.Int64
}

func newAlbum(t *testing.T) *album {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	a := &album{t: t, dir: t.TempDir(), decoded: new(atomic.Int64)}
	a.options.Pictures = PictureSetOptions{Shape: []int{5, 6, 3}, Seed: 1, Progress: func(int, int) error { a.decoded.Add(1); return nil }}
	return a
}

// grainy is a picture that no other seed makes.
func grainy(w, h int, seed uint64) *image.NRGBA {
	rng := rand.New(rand.NewPCG(seed, 7))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(rng.UintN(256)) | map[bool]byte{true: 255}[i%4 == 3]
	}
	return img
}

// add writes pictures of other sizes and content into a folder.
func (a *album) add(folder string, n int) {
	a.t.Helper()
	for i := range n {
		var b bytes.Buffer
		require.NoError(a.t, png.Encode(&b, grainy(5+i%7, 4+i%5, uint64(len(folder)*1000+i))))
		a.write(filepath.Join(folder, fmt.Sprintf("%03d.png", i)), b.Bytes())
	}
}

func (a *album) write(name string, content []byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	require.NoError(a.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(a.t, os.WriteFile(path, content, 0o644))
	return path
}

func (a *album) open() (Splits, error) { return OpenSplits(a.dir, a.options) }

// names are those of a part's pictures, in its order.
func picturesOf(s Set, l *listing) (list []string) {
	for _, i := range s.(*subset).indices {
		list = append(list, l.pictures[i].name)
	}
	return list
}

func (a *album) listing() *listing {
	a.t.Helper()
	l, err := listFolder(a.dir, nil)
	require.NoError(a.t, err)
	return l
}

// splits opens the album and returns it with the names of its training, validation and test pictures.
func (a *album) splits() (s Splits, parts [3][]string) {
	a.t.Helper()
	s, err := a.open()
	require.NoError(a.t, err)
	l := a.listing()
	for i, set := range []Set{s.Training, s.Validation, s.Test} {
		if set != nil {
			parts[i] = picturesOf(set, l)
		}
	}
	return s, parts
}

// The pixels of a picture in a set are those that Picture makes of its file, bit for bit: what is learnt from is what is predicted from.
func TestPicturesAreWhatPredictMakesOfThem(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 6)
	a.add("dog", 6)
	half := grainy(40, 30, 5)
	for i := 3; i < len(half.Pix)/2; i += 4 {
		half.Pix[i] = byte(i)
	}
	var see, large bytes.Buffer
	require.NoError(t, png.Encode(&see, half))
	require.NoError(t, jpeg.Encode(&large, grainy(2600, 1900, 3), nil))
	a.write("cat/see-through.png", see.Bytes())
	a.write("dog/large.jpg", large.Bytes())
	a.write("dog/turned.jpg", inJPEG(t, grainy(33, 57, 4), exif(binary.BigEndian, 6, 3), 0))
	for _, shape := range [][]int{{5, 6, 3}, {5, 6, 1}, {28, 28, 1}, {32, 32, 3}} {
		a.options.Pictures.Shape = shape
		for range 2 { // decoded, and from the cache
			s, _ := a.splits()
			l := a.listing()
			seen := 0
			x := make([]float32, product(shape))
			for _, set := range []Set{s.Training, s.Test} {
				assert.Equal(t, shape, set.Shape())
				for i, at := range set.(*subset).indices {
					label, err := set.Example(i, x)
					require.NoError(t, err)
					assert.Equal(t, strings.HasPrefix(l.pictures[at].name, "dog/"), label == 1)
					p, err := Picture(l.pictures[at].path, shape, PictureOptions{Preparation: s.Preparation})
					require.NoError(t, err)
					require.Equal(t, p.Pixels, x, l.pictures[at].name)
					seen++
				}
			}
			assert.Equal(t, 15, seen)
		}
	}
}

// A name and the seed decide, whatever else there is and wherever the folder is.
func TestPicturesAreSplitByNameAndSeed(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 60)
	a.add("dog", 40)
	s, first := a.splits()
	assert.Equal(t, []string{"cat", "dog"}, s.Training.Classes())
	assert.Nil(t, s.Validation)
	assert.Equal(t, 100, s.Training.Len()+s.Test.Len())
	assert.InDelta(t, 20, s.Test.Len(), 8)
	assert.InDelta(t, DefaultTestShare, s.Pictures.TestShare, 0)
	assert.True(t, slices.IsSorted(first[0]))
	// These are the same on every machine.
	assert.Equal(t, []string{"cat/001.png", "cat/004.png", "cat/010.png"}, first[2][:3])

	b := newAlbum(t)
	b.add("dog", 50)
	b.add("cat", 60)
	_, second := b.splits()
	assert.Subset(t, second[0], first[0])
	assert.Subset(t, second[2], first[2])

	a.options.Pictures.Seed = 2
	_, other := a.splits()
	assert.NotEqual(t, first, other)
	a.options.Pictures.TestShare = 0.5
	_, half := a.splits()
	assert.InDelta(t, 50, len(half[2]), 12)
	assert.Subset(t, half[2], other[2], "a larger share holds the smaller one")
	a.options.Pictures.TestShare = 1.5
	_, err := a.open()
	assert.ErrorContains(t, err, "expected more than 0 and less than 1")
}

func TestPicturesInFoldersOfTheirParts(t *testing.T) {
	a := newAlbum(t)
	a.add("train/b", 5)
	a.add("train/a/more/of them", 4)
	a.add("train/a", 3)
	a.add("val/a", 2)
	a.add("other", 2)
	s, parts := a.splits()
	assert.Equal(t, []string{"a", "b"}, s.Training.Classes())
	assert.Equal(t, 12, s.Training.Len())
	assert.Nil(t, s.Validation, "without test images, the validation's are what is tested on")
	assert.Equal(t, []string{"val/a/000.png", "val/a/001.png"}, parts[2])
	assert.Equal(t, &PictureReport{Ignored: 1}, s.Pictures)

	a.add("test/b", 3)
	s, parts = a.splits()
	assert.Equal(t, []string{"val/a/000.png", "val/a/001.png"}, parts[1])
	assert.Len(t, parts[2], 3)
	a.options.Pictures.TestShare = 0.2
	s, _ = a.splits()
	assert.Zero(t, s.Pictures.TestShare, "nothing is to be set apart")

	require.NoError(t, os.RemoveAll(filepath.Join(a.dir, "val")))
	require.NoError(t, os.RemoveAll(filepath.Join(a.dir, "test")))
	s, parts = a.splits()
	assert.Equal(t, 12, s.Training.Len()+s.Test.Len())
	assert.True(t, strings.HasPrefix(parts[0][0], "train/"))
}

// Sets come with their parts called in many ways, none of which is a class.
func TestPicturesInPartsOfOtherNames(t *testing.T) {
	for _, names := range [][2]string{{"Train", "Test"}, {"Training", "Testing"}, {"TRAIN", "Val"}} {
		a := newAlbum(t)
		for _, class := range []string{"a", "b"} {
			a.add(names[0]+"/"+class, 3)
			a.add(names[1]+"/"+class, 2)
		}
		s, _ := a.splits()
		assert.Equal(t, []string{"a", "b"}, s.Training.Classes())
		assert.Equal(t, [2]int{6, 4}, [2]int{s.Training.Len(), s.Test.Len()})
		a.add("valid/a", 1)
		a.add("validation/a", 1)
		_, err := a.open()
		assert.ErrorContains(t, err, "which mean the same: keep one of them")
	}
}

// A set's name and --data-dir are for IDX files.
func TestPicturesInADataDir(t *testing.T) {
	a := newAlbum(t)
	a.add("bus", 9)
	a.add("train", 9)
	_, err := OpenSplits(filepath.Base(a.dir), Options{DataDir: filepath.Dir(a.dir)})
	assert.ErrorContains(t, err, "a folder of pictures is named without --data-dir: --data "+a.dir)
}

// What a model was trained on says which number a class has, and not the pictures that it is tested on.
func TestPicturesOfTheClassesOfAModel(t *testing.T) {
	a := newAlbum(t)
	a.add("test/tram", 3)
	a.add("test/bus", 3)
	a.add("train/bus", 1)
	a.options.Pictures.Classes = []string{"tram", "car", "bus"}
	list := a.write("list.csv", []byte("path,label,split\ntest/tram/000.png,tram,test\ntest/bus/000.png,bus,test\n"))
	for _, name := range []string{a.dir, list} {
		s, err := OpenSplits(name, a.options)
		require.NoError(t, err)
		assert.Equal(t, []string{"tram", "car", "bus"}, s.Test.Classes())
		counts, err := Counts(s.Test)
		require.NoError(t, err)
		assert.Equal(t, [3]bool{true, false, true}, [3]bool{counts[0] > 0, counts[1] > 0, counts[2] > 0})
	}
	a.options.Pictures.Classes = []string{"bus", "car"}
	_, err := a.open()
	require.ErrorContains(t, err, `"tram" is none of the classes that are learnt (bus and car)`)
	_, err = OpenSplits(list, a.options)
	assert.ErrorContains(t, err, `the label "tram" is none of the classes that are learnt (bus and car)`)
}

// Trains may be what is to be told from buses.
func TestPicturesOfTrains(t *testing.T) {
	a := newAlbum(t)
	a.add("bus", 9)
	a.add("train", 9)
	s, _ := a.splits()
	assert.Equal(t, []string{"bus", "train"}, s.Training.Classes())
	a.write("train/.thumbnails/000.png", nil)
	s, _ = a.splits()
	assert.Equal(t, []string{"bus", "train"}, s.Training.Classes(), "what is hidden makes no part of a class")
	a.add("test", 2)
	_, err := a.open()
	assert.ErrorContains(t, err, "in a folder that bears its name, found 000.png and no folders")
}

// A class's name stays on its line of a table.
func TestPicturesOfClassesOfTwoLines(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file has such a name there")
	}
	a := newAlbum(t)
	a.add("a\nb", 9)
	a.add("a\tb", 9)
	s, _ := a.splits()
	assert.Equal(t, []string{`a\nb`, `a\tb`}, s.Training.Classes())
}

// What cannot be read is left out and told; what is hidden, or no picture, is counted.
func TestPicturesThatCannotBeRead(t *testing.T) {
	a := newAlbum(t)
	a.add("cat", 20)
	a.add("dog", 20)
	for i := range 12 {
		a.write(fmt.Sprintf("dog/x%02d.jpg", i), []byte("\xff\xd8\xff\xe0torn"))
	}
	a.write("cat/.hidden.png", nil)
	a.write("cat/notes.txt", nil)
	a.write(".DS_Store", nil)
	a.write("__MACOSX/cat/._000.png", nil)
	a.write("cat/phone.heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"))
	require.NoError(t, os.Symlink("nowhere.png", filepath.Join(a.dir, "cat", "link.png")))
	for range 2 {
		s, parts := a.splits()
		assert.Equal(t, 40, s.Training.Len()+s.Test.Len())
		assert.NotContains(t, parts[0], "cat/link.png")
		r := s.Pictures
		assert.Equal(t, 14, r.Unreadable)
		assert.Equal(t, 4, r.Ignored)
		require.Len(t, r.First, 10)
		assert.Equal(t, "cat/link.png: no such file or directory", r.First[0])
		assert.Contains(t, r.First[1], "cat/phone.heic: this is HEIC, which is not read")
		assert.Contains(t, r.First[2], "dog/x00.jpg: damaged picture")
		assert.True(t, strings.HasPrefix(r.String(), "Pictures left out, since they cannot be read: 14\n  cat/link.png: "), r.String())
		assert.Contains(t, r.String(), "\n  and 4 more\nFiles ignored, since they are hidden or no pictures: 4\n")
	}
	assert.Equal(t, int64(40+14+14), a.decoded.Load(), "what could not be read is tried again, the others are in the cache")
	a.options.Pictures.Strict = true
	_, err := a.open()
	assert.ErrorContains(t, err, "expected every picture to be readable. Pictures left out, since they cannot be read: 14\n  cat/link.png")
	assert.Empty(t, new(PictureReport).String())
}

// Pictures of one colour keep it, whatever their format, in colour and in grey.
func TestPicturesKeepColours(t *testing.T) {
	a := newAlbum(t)
	for class, c := range map[string]color.NRGBA{"red": {200, 0, 0, 255}, "blue": {0, 0, 200, 255}} {
		for i := range 8 {
			var b bytes.Buffer
			require.NoError(t, png.Encode(&b, painted(20+i, 15, c, c, image.Rectangle{})))
			a.write(fmt.Sprintf("%s/%d.png", class, i), b.Bytes())
		}
	}
	for shape, want := range map[int][2][]float32{3: {{0, 0, 200. / 255}, {200. / 255, 0, 0}}, 1: {{23. / 255}, {60. / 255}}} {
		a.options.Pictures.Shape = []int{5, 6, shape}
		s, _ := a.splits()
		x := make([]float32, 30*shape)
		for i := range s.Training.Len() {
			label, err := s.Training.Example(i, x)
			require.NoError(t, err)
			assert.Equal(t, want[label], x[:shape])
		}
	}
}
