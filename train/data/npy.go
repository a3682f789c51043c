package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"cnn-gpu/internal/wording"
)

// npy is an array in NumPy's format under way: its header is read, its values come next.
//
// The format (NumPy Enhancement Proposal 1): the magic, a version (two bytes), the length of the header (two bytes in version 1, four later,
// little-endian), a Python dictionary that gives the type of the values, their order and the shape, then the values.
type npy struct {
	npyType
	order  binary.ByteOrder
	dims   []int
	count  int64 // of the values
	header int64 // bytes before them
	values io.Reader
}

// npyType is how a value is stored.
type npyType struct {
	name string
	size int
	real bool // no whole numbers
	at   func(b []byte, order binary.ByteOrder) float64
}

// npyTypes are the types that are read, by NumPy's letter and the number of bytes.
var npyTypes = map[string]npyType{
	"b1": {"bool", 1, false, func(b []byte, _ binary.ByteOrder) float64 { return float64(b[0]) }},
	"u1": {"uint8", 1, false, func(b []byte, _ binary.ByteOrder) float64 { return float64(b[0]) }},
	"u2": {"uint16", 2, false, func(b []byte, o binary.ByteOrder) float64 { return float64(o.Uint16(b)) }},
	"u4": {"uint32", 4, false, func(b []byte, o binary.ByteOrder) float64 { return float64(o.Uint32(b)) }},
	"u8": {"uint64", 8, false, func(b []byte, o binary.ByteOrder) float64 { return float64(o.Uint64(b)) }},
	"i1": {"int8", 1, false, func(b []byte, _ binary.ByteOrder) float64 { return float64(int8(b[0])) }},
	"i2": {"int16", 2, false, func(b []byte, o binary.ByteOrder) float64 { return float64(int16(o.Uint16(b))) }},
	"i4": {"int32", 4, false, func(b []byte, o binary.ByteOrder) float64 { return float64(int32(o.Uint32(b))) }},
	"i8": {"int64", 8, false, func(b []byte, o binary.ByteOrder) float64 { return float64(int64(o.Uint64(b))) }},
	"f2": {"float16", 2, true, func(b []byte, o binary.ByteOrder) float64 { return half(o.Uint16(b)) }},
	"f4": {"float32", 4, true, func(b []byte, o binary.ByteOrder) float64 { return float64(math.Float32frombits(o.Uint32(b))) }},
	"f8": {"float64", 8, true, func(b []byte, o binary.ByteOrder) float64 { return math.Float64frombits(o.Uint64(b)) }},
}

// half is the value of a float16 (IEEE 754 binary16: a sign, 5 bits of exponent with the bias 15, 10 of fraction).
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	value := math.Ldexp(fraction+1024, exponent-25)
	switch {
	case exponent == 0:
		value = math.Ldexp(fraction, -24)
	case exponent == 0x1f && fraction == 0:
		value = math.Inf(1)
	case exponent == 0x1f:
		value = math.NaN()
	}
	if bits>>15 != 0 {
		return -value
	}
	return value
}

const (
	npyMagic = "\x93NUMPY"
	// maxNPYHeader is what version 1 can say, and far more than an array of images needs.
	maxNPYHeader = 1<<16 - 1
	maxNPYDims   = 32 // as NumPy has it
)

var (
	npyDescr = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([<>=|]?)(\w+)['"]`)
	npyOrder = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	npyShape = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([\dL,\s]*)\)`)
)

// readNPY begins to read an array from r, which gives size bytes. It refuses a header that promises more or fewer values than these hold.
func readNPY(r io.Reader, size int64) (*npy, error) {
	head := make([]byte, len(npyMagic)+2)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, torn(err)
	}
	if string(head[:len(npyMagic)]) != npyMagic {
		return nil, fmt.Errorf("not a NumPy array: expected it to begin with % x, found % x", npyMagic, head[:len(npyMagic)])
	}
	length := make([]byte, 4)
	switch major := head[len(npyMagic)]; major {
	case 1:
		length = length[:2]
	case 2, 3:
	default:
		return nil, fmt.Errorf("expected version 1 to 3 of NumPy's format, found %d", major)
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return nil, torn(err)
	}
	n := uint32(binary.LittleEndian.Uint16(length))
	if len(length) == 4 {
		n = binary.LittleEndian.Uint32(length)
	}
	if n > maxNPYHeader {
		return nil, fmt.Errorf("a header of %d bytes, expected at most %d", n, maxNPYHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, torn(err)
	}
	a := &npy{values: r, header: int64(len(head) + len(length) + len(text))}
	if err := a.parse(string(text)); err != nil {
		return nil, err
	}
	if promised := a.header + a.count*int64(a.size); promised != size {
		return nil, fmt.Errorf("the header promises %s values of %s, %d bytes with the header, the array has %d: it is torn or its header is wrong", times(a.dims), a.name, promised, size)
	}
	return a, nil
}

// parse reads the dictionary of the header.
func (a *npy) parse(text string) error {
	descr, order, shape := npyDescr.FindStringSubmatch(text), npyOrder.FindStringSubmatch(text), npyShape.FindStringSubmatch(text)
	if descr == nil || order == nil || shape == nil {
		return fmt.Errorf("expected an array of plain numbers, with descr, fortran_order and shape in its header, found %.100q", text)
	}
	t, known := npyTypes[descr[2]]
	if !known {
		return fmt.Errorf("values of the type %q, which is not read: save numbers, such as np.uint8 or np.float32", descr[1]+descr[2])
	}
	a.npyType, a.order = t, binary.LittleEndian
	if descr[1] == ">" {
		a.order = binary.BigEndian
	}
	a.count = 1
	for field := range strings.SplitSeq(shape[1], ",") {
		field = strings.TrimSuffix(strings.TrimSpace(field), "L") // which Python 2 writes
		if field == "" {
			continue
		}
		d, err := strconv.Atoi(field)
		switch {
		case err != nil, len(a.dims) == maxNPYDims:
			return fmt.Errorf("expected a shape, found (%s)", shape[1])
		case d == 0:
			return fmt.Errorf("dimension %d is 0: the array holds nothing", len(a.dims)+1)
		case int64(d) > maxValues/a.count/int64(a.size):
			return fmt.Errorf("the header promises (%s) values of %s, more than the %s that a file may hold", strings.TrimSpace(shape[1]), a.name, wording.Bytes(maxValues))
		}
		a.count *= int64(d)
		a.dims = append(a.dims, d)
	}
	if order[1] == "True" && len(a.dims) > 1 {
		return errors.New("its values are in Fortran's order: save np.ascontiguousarray of it")
	}
	return nil
}

// bytes calls keep with the values of an array of bytes in pieces of so many, to the end.
func (a *npy) bytes(piece int, keep func(b []byte)) error {
	b := make([]byte, piece)
	for at := int64(0); at < a.count; at += int64(piece) {
		if _, err := io.ReadFull(a.values, b); err != nil {
			return torn(err)
		}
		keep(b)
	}
	return a.end()
}

// each calls f with each value in turn, to the end.
func (a *npy) each(f func(i int, v float64) error) error {
	const values = 4096
	chunk := make([]byte, values*a.size)
	for at := int64(0); at < a.count; at += values {
		b := chunk[:min(values, a.count-at)*int64(a.size)]
		if _, err := io.ReadFull(a.values, b); err != nil {
			return torn(err)
		}
		for i := range len(b) / a.size {
			if err := f(int(at)+i, a.at(b[i*a.size:], a.order)); err != nil {
				return err
			}
		}
	}
	return a.end()
}

// end reads on to the end, where an archive compares its checksum.
func (a *npy) end() error {
	switch n, err := io.CopyN(io.Discard, a.values, 1); {
	case n > 0:
		return errors.New("more follows than the header promises")
	case !errors.Is(err, io.EOF):
		return torn(err)
	}
	return nil
}
