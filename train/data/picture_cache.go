package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/google/renameio/v2"
)

const (
	// decodingVersion goes up whenever a picture becomes another image than before.
	decodingVersion = 1
	cacheMagic      = "cnn-gpu pictures\n"
	picturesCache   = "pictures" // the folder of CacheDir
)

// pictureCache keeps the pixels of a set of pictures on disk: a file for each folder (or list), shape and length of the shorter side, in CacheDir("pictures"). It holds, after
// the magic, the SHA-256 of all that follows: the key of the set that it was made of, a byte for each picture (1 where it is there,
// 0 where it could not be read), and the pixels. One that is damaged or of another key is as good as none, and is replaced.
//
// The key is of the pictures' names, sizes and times of modification, so that no picture has to be read to know that it is the same.
type pictureCache struct {
	path     string // empty where there is no folder for it
	err      error  // why there is none
	key      [sha256.Size]byte
	pictures int
	values   int // of a picture
}

func newPictureCache(l *listing, o PictureSetOptions) *pictureCache {
	c := &pictureCache{pictures: len(l.pictures), values: product(o.Shape)}
	h := sha256.New()
	keyed := json.NewEncoder(h)
	put := func(v any) { _ = keyed.Encode(v) } // neither a hash nor these values can fail
	put([]any{l.source, o.Shape})
	if o.Shorter != 0 {
		put(o.Shorter)
	}
	file := hex.EncodeToString(h.Sum(nil))[:32]
	put([]any{decodingVersion, runtime.Version(), decoders(), Cropped})
	for _, p := range l.pictures {
		put([]any{p.name, p.path, p.size, p.modified.UnixNano()})
	}
	h.Sum(c.key[:0])
	dir, err := CacheDir(picturesCache)
	if err == nil {
		c.path = filepath.Join(dir, file)
	}
	c.err = err
	return c
}

// pixelsAt is where the first picture's pixels begin in the file, size how long it is.
func (c *pictureCache) pixelsAt() int64 {
	return int64(len(cacheMagic) + sha256.Size + len(c.key) + c.pictures)
}
func (c *pictureCache) size() int64 { return c.pixelsAt() + int64(c.pictures)*int64(c.values) }

// decoders is the version of the decoders that are not Go's own.
func decoders() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "golang.org/x/image" {
				return m.Version
			}
		}
	}
	return ""
}

// read returns the pixels of all pictures and says which are there; nil if there is no cache that can be trusted.
func (c *pictureCache) read() (pixels []byte, there []bool) {
	f, there := c.open()
	if f == nil {
		return nil, nil
	}
	defer f.Close()
	pixels = make([]byte, c.size()-c.pixelsAt())
	if _, err := f.ReadAt(pixels, c.pixelsAt()); err != nil {
		return nil, nil
	}
	return pixels, there
}

// open opens a cache that can be trusted and says which pictures are there; nil if there is none. It reads the file once, a piece at a time.
func (c *pictureCache) open() (f *os.File, there []bool) {
	f, size, err := openFile(c.path)
	if err != nil {
		return nil, nil
	}
	if size == c.size() {
		there = c.verify(f)
	}
	if there == nil {
		_ = f.Close() // it was only read
		return nil, nil
	}
	return f, there
}

// verify says which pictures are in a file of the right size; nil if it cannot be trusted.
func (c *pictureCache) verify(f io.ReaderAt) (there []bool) {
	head := make([]byte, c.pixelsAt())
	if _, err := f.ReadAt(head, 0); err != nil || !bytes.HasPrefix(head, []byte(cacheMagic)) {
		return nil
	}
	sum, body := head[len(cacheMagic):][:sha256.Size], head[len(cacheMagic)+sha256.Size:]
	if !bytes.HasPrefix(body, c.key[:]) {
		return nil
	}
	h := sha256.New()
	h.Write(body)
	if _, err := io.Copy(h, io.NewSectionReader(f, c.pixelsAt(), c.size()-c.pixelsAt())); err != nil || !bytes.Equal(h.Sum(nil), sum) {
		return nil
	}
	there = make([]bool, c.pictures)
	for i, v := range body[len(c.key):] {
		there[i] = v == 1
	}
	return there
}

// write keeps what was decoded. Where that fails, on a full disk or for want of a folder, the pictures are decoded again the next time.
func (c *pictureCache) write(pixels []byte, there []bool) error {
	f, err := c.begin()
	if err != nil {
		return err
	}
	defer func() { _ = f.Cleanup() }()
	if _, err := f.WriteAt(pixels, c.pixelsAt()); err != nil {
		return bare(err)
	}
	return c.finish(f, there)
}

// begin begins another file in the cache's place.
func (c *pictureCache) begin() (*renameio.PendingFile, error) {
	if c.path == "" {
		return nil, c.err
	}
	dir := filepath.Dir(c.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	c.removeLeftovers()
	// The pictures are a person's own: nobody else is to read them here.
	return renameio.NewPendingFile(c.path, renameio.WithTempDir(dir), renameio.WithPermissions(0o600))
}

// beginWith begins a file that has the pixels of another one, if there is one, and room on the disk for all.
func (c *pictureCache) beginWith(old *os.File) (*renameio.PendingFile, error) {
	f, err := c.begin()
	if err != nil {
		return nil, err
	}
	err = reserve(f.File, c.size())
	if err == nil && old != nil {
		_, err = io.Copy(io.NewOffsetWriter(f, c.pixelsAt()), io.NewSectionReader(old, c.pixelsAt(), c.size()-c.pixelsAt()))
	}
	if err != nil {
		_ = f.Cleanup()
		return nil, err
	}
	return f, nil
}

// finish writes what stands before the pixels of a file, and gives it its name.
func (c *pictureCache) finish(f *renameio.PendingFile, there []bool) error {
	head := make([]byte, c.pixelsAt())
	body := head[copy(head, cacheMagic)+sha256.Size:]
	flags := body[copy(body, c.key[:]):]
	for i, is := range there {
		if is {
			flags[i] = 1
		}
	}
	sum := sha256.New()
	sum.Write(body)
	if _, err := io.Copy(sum, io.NewSectionReader(f, c.pixelsAt(), c.size()-c.pixelsAt())); err != nil {
		return bare(err)
	}
	copy(head[len(cacheMagic):], sum.Sum(nil))
	if _, err := f.WriteAt(head, 0); err != nil {
		return bare(err)
	}
	return f.CloseAtomicallyReplace()
}

// leftoverAge is how long a file that was begun and is written no more counts as one of a process that may still live.
const leftoverAge = time.Hour

// removeLeftovers removes what processes that were killed have begun.
func (c *pictureCache) removeLeftovers() {
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(c.path), "."+filepath.Base(c.path)+"*")) // the pattern is right
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > leftoverAge {
			_ = os.Remove(name) // one that stays is in nobody's way
		}
	}
}
