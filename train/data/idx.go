package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"cnn-gpu/internal/wording"
)

// array is what an IDX file of bytes holds.
//
// The format: two zero bytes, a type (8 for unsigned bytes), the number of dimensions, each dimension
// as a big-endian uint32, then the values with the last dimension running fastest.
type array struct {
	dims   []int
	values []byte
}

const (
	idxUbyte = 8
	// maxValues bounds what one file may hold, since a set is kept in memory.
	maxValues = 4 << 30
	// maxInflation is more than deflate can shrink by: 258 bytes in no less than 2 bits.
	maxInflation = 1032
	gzipMagic    = "\x1f\x8b"
)

var idxTypes = map[byte]string{9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}

// readIDXFile reads a file of unsigned bytes, compressed with gzip or not.
func readIDXFile(path string) (array, error) {
	f, size, err := openFile(path)
	if err != nil {
		return array{}, fmt.Errorf("data: %s: %w", path, err)
	}
	defer f.Close()
	a, err := readIDX(f, size)
	if err != nil {
		return array{}, fmt.Errorf("data: %s: %w", path, err)
	}
	return a, nil
}

// openFile opens a regular file and returns its size. It looks before it opens: opening a pipe would
// wait for a writer. Its errors leave the path to the caller.
func openFile(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, bare(err)
	}
	if info.IsDir() {
		return nil, 0, errors.New("expected a file, found a folder")
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("expected a file, found a device or pipe")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, bare(err)
	}
	return f, info.Size(), nil
}

// bare drops the path from an error that will be wrapped with it.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// readIDX reads an IDX array from r, which gives size bytes, those of a gzip stream or plain ones. It
// believes the header only as far as the bytes that follow bear it out.
func readIDX(r io.Reader, size int64) (array, error) {
	in := bufio.NewReader(r)
	limit := size
	var src io.Reader = in
	if magic, _ := in.Peek(len(gzipMagic)); string(magic) == gzipMagic {
		z, err := gzip.NewReader(in)
		if err != nil {
			return array{}, torn(err)
		}
		src, limit = z, size*maxInflation
	}
	dims, err := readHeader(src)
	if err != nil {
		return array{}, err
	}
	want, header := int64(1), int64(4+4*len(dims))
	for _, d := range dims {
		if int64(d) > maxValues/want {
			return array{}, fmt.Errorf("the header promises %s bytes, more than the %s that a set may have", times(dims), wording.Bytes(maxValues))
		}
		want *= int64(d)
	}
	if want > limit-header {
		return array{}, fmt.Errorf("the header promises %s = %d bytes, a file of %d bytes can not hold them: it is torn or its header is wrong", times(dims), want, size)
	}
	values, err := readValues(src, want, src == io.Reader(in), size)
	if err != nil {
		return array{}, torn(err)
	}
	if got := int64(len(values)); got < want {
		return array{}, fmt.Errorf("the header promises %s = %d bytes, the file holds %d: it is torn", times(dims), want, got)
	}
	// Reading on to the end also makes gzip compare its checksum.
	switch n, err := io.CopyN(io.Discard, src, 1); {
	case n > 0:
		return array{}, fmt.Errorf("the header promises %s = %d bytes, more follow", times(dims), want)
	case !errors.Is(err, io.EOF):
		return array{}, torn(err)
	}
	return array{dims, values}, nil
}

// readValues reads want bytes, or what there is of them. Plain ones are known to be there: they are read in one go. What a gzip stream
// holds shows only on the way.
func readValues(r io.Reader, want int64, isPlain bool, size int64) ([]byte, error) {
	if isPlain {
		values := make([]byte, want)
		n, err := io.ReadFull(r, values)
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			err = nil
		}
		return values[:n], err
	}
	var buf bytes.Buffer
	buf.Grow(int(min(want, 8*size)) + bytes.MinRead)
	_, err := io.Copy(&buf, io.LimitReader(r, want))
	return buf.Bytes(), err
}

func readHeader(r io.Reader) ([]int, error) {
	var magic [4]byte
	if n, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, fmt.Errorf("not an IDX file: expected a header of 4 bytes, found %d: %w", n, err)
	}
	switch kind, known := idxTypes[magic[2]]; {
	case magic[0] != 0 || magic[1] != 0 || magic[2] != idxUbyte && !known:
		return nil, fmt.Errorf("not an IDX file: expected it to begin with 00 00 08 and the number of dimensions, found % x", magic)
	case known:
		return nil, fmt.Errorf("expected unsigned bytes (type 08), found %s (type %02x)", kind, magic[2])
	case magic[3] < 1 || magic[3] > 4:
		return nil, fmt.Errorf("expected 1 to 4 dimensions, found %d", magic[3])
	}
	raw := make([]byte, 4*int(magic[3]))
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, torn(err)
	}
	dims := make([]int, magic[3])
	for i := range dims {
		if dims[i] = int(binary.BigEndian.Uint32(raw[4*i:])); dims[i] == 0 {
			return nil, fmt.Errorf("dimension %d of %d is 0: the file holds nothing", i+1, len(dims))
		}
	}
	return dims, nil
}

// torn words an error of reading: bytes that end too early say nothing to most people.
func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file is torn: it ends too early: %w", err)
	}
	return fmt.Errorf("the file is damaged: %w", err)
}

func times(dims []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(dims), " ", "x"), "[]")
}
