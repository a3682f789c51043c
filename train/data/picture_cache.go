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

	"github.com/google/renameio/v2"
)

const (
	// decodingVersion goes up whenever a picture becomes another image than before.
	decodingVersion = 1
	cacheMagic      = "cnn-gpu pictures\n"
	picturesCache   = "pictures" // the folder of CacheDir
)

// pictureCache keeps the pixels of a set of pictures on disk: a file for each folder (or list) and shape, in CacheDir("pictures"). It holds, after
// the magic, the SHA-256 of all that follows: the key of the set that it was made of, a byte for each picture (1 where it is there,
// 0 where it could not be read), and the pixels. One that is damaged or of another key is as good as none, and is replaced.
//
// The key is of the pictures' names, sizes and times of modification, so that no picture has to be read to know that it is the same.
type pictureCache struct {
	path     string // empty where there is no folder for it
	key      [sha256.Size]byte
	pictures int
	values   int // of a picture
}

func newPictureCache(l *listing, shape []int) *pictureCache {
	c := &pictureCache{pictures: len(l.pictures), values: product(shape)}
	h := sha256.New()
	keyed := json.NewEncoder(h)
	put := func(v any) { _ = keyed.Encode(v) } // neither a hash nor these values can fail
	put([]any{l.source, shape})
	file := hex.EncodeToString(h.Sum(nil))[:32]
	put([]any{decodingVersion, runtime.Version(), decoders(), Cropped})
	for _, p := range l.pictures {
		put([]any{p.name, p.path, p.size, p.modified.UnixNano()})
	}
	h.Sum(c.key[:0])
	if dir, err := CacheDir(picturesCache); err == nil {
		c.path = filepath.Join(dir, file)
	}
	return c
}

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
	head := len(cacheMagic) + sha256.Size
	size := head + len(c.key) + c.pictures*(1+c.values)
	f, found, err := openFile(c.path)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	if found != int64(size) {
		return nil, nil
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(f, b); err != nil || !bytes.HasPrefix(b, []byte(cacheMagic)) {
		return nil, nil
	}
	body := b[head:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], b[len(cacheMagic):head]) || !bytes.HasPrefix(body, c.key[:]) {
		return nil, nil
	}
	flags, pixels := body[len(c.key):][:c.pictures], body[len(c.key)+c.pictures:]
	there = make([]bool, c.pictures)
	for i, v := range flags {
		there[i] = v == 1
	}
	return pixels, there
}

// write keeps what was decoded. Where that fails, on a full disk or for want of a folder, the pictures are decoded again the next time.
func (c *pictureCache) write(pixels []byte, there []bool) {
	if c.path == "" || os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return
	}
	flags := make([]byte, len(there))
	for i, is := range there {
		if is {
			flags[i] = 1
		}
	}
	sum := sha256.New()
	body := [][]byte{c.key[:], flags, pixels}
	for _, b := range body {
		sum.Write(b)
	}
	// The pictures are a person's own: nobody else is to read them here.
	f, err := renameio.NewPendingFile(c.path, renameio.WithTempDir(filepath.Dir(c.path)), renameio.WithPermissions(0o600))
	if err != nil {
		return
	}
	defer func() { _ = f.Cleanup() }()
	for _, b := range append([][]byte{[]byte(cacheMagic), sum.Sum(nil)}, body...) {
		if _, err := f.Write(b); err != nil {
			return
		}
	}
	_ = f.CloseAtomicallyReplace()
}
