package data

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"

	"cnn-gpu/internal/wording"
)

// storage says where the images of a set go that is read from files.
type storage struct {
	size   int64 // of all images, in bytes
	onDisk bool
}

func newStorage(size int64, stream bool) storage { return storage{size, staysOnDisk(size, stream)} }

// said says where the images are if that is worth knowing.
func (s storage) said() string {
	if !s.onDisk {
		return ""
	}
	return fmt.Sprintf("The images, %s, are read from disk as they are needed.\n", wording.Bytes(s.size))
}

// store takes the images of a part of a set, one behind the other: in memory, or in a file without a name, which is gone with the process.
type store struct {
	bytes []byte
	file  *os.File
	out   *bufio.Writer
	err   error // of the file
}

const streamCache = "streamed" // the folder of CacheDir

// open makes room for so many bytes.
func (s storage) open(size int64) (*store, error) {
	if !s.onDisk {
		return &store{bytes: make([]byte, 0, size)}, nil
	}
	dir, err := CacheDir(streamCache)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, s.notWritten(dir, err)
	}
	f, err := os.CreateTemp(dir, "images-")
	if err != nil {
		return nil, s.notWritten(dir, err)
	}
	if err := cmp.Or(os.Remove(f.Name()), reserve(f, size)); err != nil {
		return nil, errors.Join(s.notWritten(dir, err), f.Close())
	}
	return &store{file: f, out: bufio.NewWriterSize(f, 1<<20)}, nil
}

func (s storage) notWritten(dir string, err error) error {
	return fmt.Errorf("the images take %s, too much to be held in memory or to be left on disk as --stream wants it, and cannot be written to %s: %w; make room there, name another folder by XDG_CACHE_HOME, or use a machine with more memory",
		wording.Bytes(s.size), cmp.Or(dir, "a cache folder"), bare(err))
}

// add appends the values of an image. What goes wrong comes back from set.
func (s *store) add(b []byte) {
	if s.file == nil {
		s.bytes = append(s.bytes, b...)
	} else if _, err := s.out.Write(b); err != nil {
		s.err = err
	}
}

// set makes a Set of what was added: bytes where the scale is 0, else float32 values, little-endian, to be divided by the scale.
func (s *store) set(of images, scale float32) (Set, error) {
	if s.file != nil {
		if err := cmp.Or(s.err, s.out.Flush()); err != nil {
			return nil, errors.Join(fmt.Errorf("the images cannot be written to the cache folder: %w", bare(err)), s.file.Close())
		}
		return &streamed{images: of, file: s.file, scale: scale}, nil
	}
	of.pixels = s.bytes
	if scale != 0 {
		return &floatImages{of, scale}, nil
	}
	return &of, nil
}

// close gives a store back of which no set is made.
func (s *store) close() {
	if s.file != nil {
		_ = s.file.Close() // nobody reads it
	}
}
