package data

import (
	"cmp"
	"fmt"
	"os"
	"sync"

	"github.com/google/renameio/v2"

	"cnn-gpu/internal/memory"
	"cnn-gpu/internal/wording"
)

// streamed is a Set whose pixels are read from a file when they are asked for: a byte for each value, or a float32, little-endian, to be divided by
// the scale.
type streamed struct {
	images
	file    *os.File
	at      int64     // of the first image
	scale   float32   // 0 for bytes
	buffers sync.Pool // of an image's bytes
}

func (s *streamed) Example(i int, x []float32) (int32, error) {
	if err := s.checkExample(i, len(x)); err != nil {
		return 0, err
	}
	size := len(x) * s.valueBytes()
	b, ok := s.buffers.Get().(*[]byte)
	if !ok {
		fresh := make([]byte, size)
		b = &fresh
	}
	defer s.buffers.Put(b)
	if err := s.read(i, *b); err != nil {
		return 0, err
	}
	if s.scale == 0 {
		shades(x, *b)
	} else {
		floats(x, *b, s.scale)
	}
	return int32(s.labels[i]), nil
}

// read reads all of image i into b.
func (s *streamed) read(i int, b []byte) error {
	if _, err := s.file.ReadAt(b, s.at+int64(i)*int64(len(b))); err != nil {
		return fmt.Errorf("data: %s: the image %d cannot be read from the cache folder: %w", s.name, i, err)
	}
	return nil
}

func (s *streamed) valueBytes() int {
	if s.scale == 0 {
		return 1
	}
	return floatBytes
}

// staysOnDisk says whether so many bytes of images stay on disk: where somebody wants that, and where they take more than half of the memory that is
// free, since the training needs some, too.
func staysOnDisk(size int64, wanted bool) bool {
	if wanted {
		return true
	}
	_, fits := memory.Enough(2 * size)
	return !fits
}

// decodedSize is what the decoded pictures take, in bytes.
func (l *listing) decodedSize(o PictureSetOptions) int64 {
	return int64(len(l.pictures)) * int64(product(o.Shape))
}

// decodeToDisk decodes pictures into the cache, of which memory holds no more than those under way, and says which cannot be read.
func (l *listing) decodeToDisk(set images, o PictureSetOptions) (s Set, reasons []error, err error) {
	cache := newPictureCache(l, o)
	var file *os.File
	var done []bool
	if !o.Fresh {
		file, done = cache.open()
	}
	if file == nil {
		done = make([]bool, len(l.pictures))
	}
	// Another file is begun when there is a picture to be kept, since some can never be read.
	begin := sync.OnceValues(func() (*renameio.PendingFile, error) { return cache.beginWith(file) })
	n := int64(cache.values)
	reasons, decoded, err := l.decodeMissing(done, o, func(i int, pixels []byte) error {
		f, err := begin()
		if err == nil {
			_, err = f.WriteAt(pixels, cache.pixelsAt()+int64(i)*n)
		}
		return l.notWritten(err, cache, o)
	})
	if decoded == 0 {
		return &streamed{images: set, file: file, at: cache.pixelsAt()}, reasons, err
	}
	pending, failed := begin()
	if failed != nil {
		return nil, nil, err // which says so
	}
	defer func() { _ = pending.Cleanup() }()
	if file != nil {
		_ = file.Close() // it was only read
	}
	// It is opened before it has its name, so that it is this one whoever writes another.
	file, failed = os.Open(pending.Name())
	if failed == nil {
		failed = cache.finish(pending, done)
	}
	return &streamed{images: set, file: file, at: cache.pixelsAt()}, reasons, cmp.Or(err, l.notWritten(failed, cache, o))
}

// notWritten says that a cache cannot be written from which pictures are to be read.
func (l *listing) notWritten(err error, c *pictureCache, o PictureSetOptions) error {
	if err == nil {
		return nil
	}
	why := "too much to be held in memory"
	if o.Stream {
		why = "and are to be read from disk"
	}
	return fmt.Errorf("data: %s: its pictures take %s decoded, %s, but cannot be written to %s: %w; make room there, name another folder by XDG_CACHE_HOME, or take a model with a smaller input",
		l.name, wording.Bytes(l.decodedSize(o)), why, cmp.Or(c.path, "a cache folder"), bare(err))
}
