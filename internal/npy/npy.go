// Package npy reads and writes arrays in NumPy's format (.npy).
package npy

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

// Array is an array under way: its header is read, its values come next.
//
// The format (NumPy Enhancement Proposal 1): the magic, a version (two bytes), the length of the header (two bytes in version 1, four later,
// little-endian), a Python dictionary that gives the type of the values, their order and the shape, then the values.
type Array struct {
	Type
	Order  binary.ByteOrder
	Dims   []int
	Count  int64 // of the values
	header int64 // bytes before them
	values io.Reader
}

// Type is how a value is stored.
type Type struct {
	Name string
	Size int
	Real bool // no whole numbers
	at   func(b []byte, order binary.ByteOrder) float64
}

// Types are the types that are read, by NumPy's letter and the number of bytes.
var Types = map[string]Type{
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

// Magic is what every array begins with.
const Magic = "\x93NUMPY"

const (
	// maxHeader is what version 1 can say, and far more than an array of images needs.
	maxHeader = 1<<16 - 1
	maxDims   = 32 // as NumPy has it
)

var (
	descrField = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([<>=|]?)(\w+)['"]`)
	orderField = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	shapeField = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([\dL,\s]*)\)`)
)

// Read begins to read an array from r, which gives size bytes. It refuses a header that promises more or fewer values than these hold, or
// more than so many bytes of them.
func Read(r io.Reader, size, most int64) (*Array, error) {
	head := make([]byte, len(Magic)+2)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, wording.Torn(err)
	}
	if string(head[:len(Magic)]) != Magic {
		return nil, fmt.Errorf("not a NumPy array: expected it to begin with % x, found % x", Magic, head[:len(Magic)])
	}
	length := make([]byte, 4)
	switch major := head[len(Magic)]; major {
	case 1:
		length = length[:2]
	case 2, 3:
	default:
		return nil, fmt.Errorf("expected version 1 to 3 of NumPy's format, found %d", major)
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return nil, wording.Torn(err)
	}
	n := uint32(binary.LittleEndian.Uint16(length))
	if len(length) == 4 {
		n = binary.LittleEndian.Uint32(length)
	}
	if n > maxHeader {
		return nil, fmt.Errorf("a header of %d bytes, expected at most %d", n, maxHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, wording.Torn(err)
	}
	a := &Array{values: r, header: int64(len(head) + len(length) + len(text))}
	if err := a.parse(string(text), most); err != nil {
		return nil, err
	}
	if promised := a.header + a.Count*int64(a.Size); promised != size {
		return nil, fmt.Errorf("the header promises %s values of %s, %d bytes with the header, the array has %d: it is torn or its header is wrong", wording.Times(a.Dims), a.Name, promised, size)
	}
	return a, nil
}

// parse reads the dictionary of the header.
func (a *Array) parse(text string, most int64) error {
	descr, order, shape := descrField.FindStringSubmatch(text), orderField.FindStringSubmatch(text), shapeField.FindStringSubmatch(text)
	if descr == nil || order == nil || shape == nil {
		return fmt.Errorf("expected an array of plain numbers, with descr, fortran_order and shape in its header, found %.100q", text)
	}
	t, known := Types[descr[2]]
	if !known {
		return fmt.Errorf("values of the type %q, which is not read: save numbers, such as np.uint8 or np.float32", descr[1]+descr[2])
	}
	a.Type, a.Order = t, binary.LittleEndian
	if descr[1] == ">" {
		a.Order = binary.BigEndian
	}
	a.Count = 1
	for field := range strings.SplitSeq(shape[1], ",") {
		field = strings.TrimSuffix(strings.TrimSpace(field), "L") // which Python 2 writes
		if field == "" {
			continue
		}
		d, err := strconv.Atoi(field)
		switch {
		case err != nil, len(a.Dims) == maxDims:
			return fmt.Errorf("expected a shape, found (%s)", shape[1])
		case d == 0:
			return fmt.Errorf("dimension %d is 0: the array holds nothing", len(a.Dims)+1)
		case int64(d) > most/a.Count/int64(a.Size):
			return fmt.Errorf("the header promises (%s) values of %s, more than the %s that are read", strings.TrimSpace(shape[1]), a.Name, wording.Bytes(most))
		}
		a.Count *= int64(d)
		a.Dims = append(a.Dims, d)
	}
	if order[1] == "True" && len(a.Dims) > 1 {
		return errors.New("its values are in Fortran's order: save np.ascontiguousarray of it")
	}
	return nil
}

// Bytes reads the values as they are stored, to the end.
func (a *Array) Bytes() (all []byte, err error) {
	err = a.Pieces(a.Count*int64(a.Size), func(b []byte) { all = b })
	return all, err
}

// Pieces calls keep with the values as they are stored in pieces of so many bytes, to the end.
func (a *Array) Pieces(piece int64, keep func(b []byte)) error {
	b := make([]byte, piece)
	for at, size := int64(0), a.Count*int64(a.Size); at < size; at += piece {
		b = b[:min(piece, size-at)]
		if _, err := io.ReadFull(a.values, b); err != nil {
			return wording.Torn(err)
		}
		keep(b)
	}
	return a.end()
}

// Each calls f with each value in turn, to the end.
func (a *Array) Each(f func(i int, v float64) error) error {
	const values = 4096
	chunk := make([]byte, values*a.Size)
	for at := int64(0); at < a.Count; at += values {
		b := chunk[:min(values, a.Count-at)*int64(a.Size)]
		if _, err := io.ReadFull(a.values, b); err != nil {
			return wording.Torn(err)
		}
		for i := range len(b) / a.Size {
			if err := f(int(at)+i, a.at(b[i*a.Size:], a.Order)); err != nil {
				return err
			}
		}
	}
	return a.end()
}

// end reads on to the end, where an archive compares its checksum.
func (a *Array) end() error {
	switch n, err := io.CopyN(io.Discard, a.values, 1); {
	case n > 0:
		return errors.New("more follows than the header promises")
	case !errors.Is(err, io.EOF):
		return wording.Torn(err)
	}
	return nil
}

// Write writes numbers, little-endian and of the type of that letter and number of bytes, as an array of one dimension.
func Write(w io.Writer, kind string, values []byte) error {
	t, known := Types[kind]
	if !known {
		return fmt.Errorf("npy: no type %q", kind)
	}
	mark := "<"
	if t.Size == 1 {
		mark = "|"
	}
	header := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': False, 'shape': (%d,), }", mark, kind, len(values)/t.Size)
	const before, unit = len(Magic) + 4, 64 // the values begin at a multiple of 64 bytes
	header += strings.Repeat(" ", unit-1-(before+len(header))%unit) + "\n"
	head := binary.LittleEndian.AppendUint16([]byte(Magic+"\x01\x00"), uint16(len(header)))
	for _, part := range [][]byte{head, []byte(header), values} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}
