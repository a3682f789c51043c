package data

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"cnn-gpu/internal/memory"
	"cnn-gpu/internal/wording"
)

// idx is an IDX file of bytes under way: its header is read, its values come next.
//
// The format: two zero bytes, a type (8 for unsigned bytes), the number of dimensions, each dimension
// as a big-endian uint32, then the values with the last dimension running fastest.
type idx struct {
	path   string
	header []byte
	dims   []int
	count  int64 // of the values
	values io.Reader
	close  func() error
}

const (
	idxUbyte = 8
	// maxValues bounds what one file may promise.
	maxValues = 1 << 40
	// maxInflation is more than deflate can shrink by: 258 bytes in no less than 2 bits.
	maxInflation = 1032
)

var idxTypes = map[byte]string{9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}

// openIDX opens a file of unsigned bytes, compressed with gzip or not, and reads its header.
func openIDX(path string) (*idx, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	x, err := readHeader(f, size)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data: %s: %w", path, err), f.Close())
	}
	x.path, x.close = path, f.Close
	return x, nil
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
	if info.Size() == 0 {
		return nil, 0, errors.New("the file is empty")
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

// readHeader begins to read an IDX array from r, which gives size bytes, those of a gzip stream or plain ones. It refuses a header
// that promises more than so many bytes can hold.
func readHeader(r io.Reader, size int64) (*idx, error) {
	in := bufio.NewReader(r)
	x, limit := &idx{values: in}, size
	if magic, _ := in.Peek(len(gzipMagic)); string(magic) == gzipMagic {
		z, err := newGunzip(in)
		if err != nil {
			return nil, torn(err)
		}
		x.values, limit = z, size*maxInflation
	}
	if err := x.readDims(); err != nil {
		return nil, err
	}
	x.count = 1
	for _, d := range x.dims {
		if int64(d) > maxValues/x.count {
			return nil, fmt.Errorf("the header promises %s bytes, more than the %s that a file may hold", wording.Times(x.dims), wording.Bytes(maxValues))
		}
		x.count *= int64(d)
	}
	if x.count > limit-int64(len(x.header)) {
		return nil, fmt.Errorf("the header promises %s = %d bytes, a file of %d bytes can not hold them: it is torn or its header is wrong", wording.Times(x.dims), x.count, size)
	}
	return x, nil
}

// read calls keep with the values in pieces of so many bytes, to the end of the file.
func (x *idx) read(piece int64, keep func(b []byte)) error {
	if limit, enough := memory.Enough(piece); !enough {
		return fmt.Errorf("out of memory: the values take %s, %s leaves %s; use a smaller set, or a machine with more memory",
			wording.Bytes(piece), limit.Name, wording.Bytes(max(limit.Free, 0)))
	}
	b := make([]byte, piece)
	for at := int64(0); at < x.count; at += piece {
		n, err := io.ReadFull(x.values, b)
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return fmt.Errorf("the header promises %s = %d bytes, the file holds %d: it is torn", wording.Times(x.dims), x.count, at+int64(n))
		}
		if err != nil {
			return torn(err)
		}
		keep(b)
	}
	// Reading on to the end also makes gzip compare its checksum.
	switch n, err := io.CopyN(io.Discard, x.values, 1); {
	case n > 0:
		return fmt.Errorf("the header promises %s = %d bytes, more follow", wording.Times(x.dims), x.count)
	case !errors.Is(err, io.EOF):
		return torn(err)
	}
	return nil
}

func (x *idx) readDims() error {
	var magic [4]byte
	if n, err := io.ReadFull(x.values, magic[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return fmt.Errorf("not an IDX file: expected a header of 4 bytes, found %d: %w", n, err)
		}
		return torn(err)
	}
	switch kind, known := idxTypes[magic[2]]; {
	case magic[0] != 0 || magic[1] != 0 || magic[2] != idxUbyte && !known:
		return x.foreign(magic[:])
	case known:
		return fmt.Errorf("expected unsigned bytes (type 08), found %s (type %02x)", kind, magic[2])
	case magic[3] < 1 || magic[3] > 4:
		return fmt.Errorf("expected 1 to 4 dimensions, found %d", magic[3])
	}
	raw := make([]byte, 4*int(magic[3]))
	if _, err := io.ReadFull(x.values, raw); err != nil {
		return torn(err)
	}
	x.header = append(magic[:], raw...)
	x.dims = make([]int, magic[3])
	for i := range x.dims {
		if x.dims[i] = int(binary.BigEndian.Uint32(raw[4*i:])); x.dims[i] == 0 {
			return fmt.Errorf("dimension %d of %d is 0: the file holds nothing", i+1, len(x.dims))
		}
	}
	return nil
}

// foreign says what the file is that begins with other bytes than an IDX file, if it can be told.
func (x *idx) foreign(begins []byte) error {
	head := make([]byte, sniffed)
	n, _ := io.ReadFull(x.values, head[copy(head, begins):]) // what can't be read is not looked at
	if l, ok := recognise(head[:len(begins)+n]); ok {
		return fmt.Errorf("not an IDX file but %s: %s", l.what, l.remedy)
	}
	return fmt.Errorf("not an IDX file: expected it to begin with 00 00 08 and the number of dimensions, found % x", begins)
}

// torn words an error of reading: bytes that end too early say nothing to most people.
func torn(err error) error {
	var told *gzipError
	if errors.As(err, &told) {
		return err
	}
	return wording.Torn(err)
}
