package inspect

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"cnn-gpu/internal/npy"
)

// maxBuffer bounds the memory of one buffer.
const maxBuffer = 2 << 30

// buffer is device memory.
type buffer struct {
	name    string // as expectations and other arguments call it
	form    string // as it was given
	content []byte // nil where it is not written
	bytes   uint64
	element numberType
	save    string // the file to write after the run, or empty
	address uint64 // 0 until it is on the device
}

// bufferForms are the words that a buffer's form begins with.
var bufferForms = []string{"in", "out", "inout", "zeros", "ones", "iota", "random", "empty"}

// parseBuffer reads a form of device memory, with its files, whose names are relative to the folder.
func parseBuffer(form, folder string) (*buffer, error) {
	b := &buffer{form: form}
	word, rest, _ := strings.Cut(form, ":")
	var err error
	switch word {
	case "in":
		b.content, err = b.input(rest, folder)
	case "inout":
		from, to, found := strings.Cut(rest, ":")
		if !found || to == "" {
			return nil, fmt.Errorf("%q: two files are wanted: inout:FILE:FILE", form)
		}
		b.save = within(folder, to)
		b.content, err = b.input(from, folder)
	case "out":
		err = b.output(rest, folder)
	default:
		if !slices.Contains(bufferForms, word) {
			return nil, fmt.Errorf("%q: a form of memory is wanted, which begins with %s, as in zeros:f32:1024", form, strings.Join(bufferForms, ", "))
		}
		err = b.fill(word, rest)
	}
	if err != nil {
		return nil, err
	}
	if b.bytes == 0 {
		b.bytes = uint64(len(b.content))
	}
	return b, nil
}

// within makes a file's name relative to the folder, unless it is absolute.
func within(folder, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(folder, name)
}

// input reads "FILE" or "FILE:type".
func (b *buffer) input(rest, folder string) ([]byte, error) {
	if i := strings.LastIndexByte(rest, ':'); i > 0 {
		if n, known := numberTypes[rest[i+1:]]; known {
			rest, b.element = rest[:i], n
		}
	}
	content, n, err := readNumbers(within(folder, rest), b.element)
	b.element = n
	return content, err
}

// readNumbers reads the bytes of a file, of a NumPy array (.npy) its numbers, and tells their type: the given one, or what an array's header
// says. The two must not differ.
func readNumbers(name string, n numberType) ([]byte, numberType, error) {
	content, err := readFile(name)
	if err != nil || filepath.Ext(name) != ".npy" {
		return content, n, err
	}
	array, err := npy.Read(bytes.NewReader(content), int64(len(content)), maxBuffer)
	if err != nil {
		return nil, n, fmt.Errorf("%s: %w", name, err)
	}
	if array.Order != binary.LittleEndian && array.Size > 1 {
		return nil, n, fmt.Errorf("%s: its numbers are big-endian: save x.astype(x.dtype.newbyteorder('<'))", name)
	}
	kind := numberType{}
	for _, one := range numberTypes {
		if npy.Types[one.numpy()].Name == array.Name && one.name != "bf16" || array.Name == "bool" && one.name == "u8" {
			kind = one
		}
	}
	if n.bytes > 0 && n.numpy() != kind.numpy() {
		return nil, n, fmt.Errorf("%s holds %s, wanted is %s", name, kind.name, n.name)
	}
	if n.bytes == 0 {
		n = kind
	}
	content, err = array.Bytes()
	return content, n, err
}

// writeNumbers writes the bytes to a file, to a NumPy array where its name ends in .npy.
func writeNumbers(name string, n numberType, content []byte) error {
	if filepath.Ext(name) == ".npy" {
		if n.bytes == 0 {
			n = numberTypes["u8"]
		}
		var b bytes.Buffer
		if err := npy.Write(&b, n.numpy(), content); err != nil {
			return err
		}
		content = b.Bytes()
	}
	return WriteFile(name, content)
}

// WriteFile writes a file whole or not at all. A device or a pipe is refused: the file would take its place.
func WriteFile(name string, content []byte) error {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("the output %s is no regular file", name)
	}
	if err := renameio.WriteFile(name, content, 0o644); err != nil {
		return fmt.Errorf("writing %s (%d bytes): %w", name, len(content), err)
	}
	return nil
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the input file %s does not exist", name)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("the input %s is no regular file", name)
	case info.Size() == 0:
		return nil, fmt.Errorf("the input file %s is empty", name)
	case info.Size() > maxBuffer:
		return nil, fmt.Errorf("the input file %s has %d bytes, at most %d are taken", name, info.Size(), maxBuffer)
	}
	return os.ReadFile(name)
}

// output reads "FILE:bytes" or "FILE:type:count".
func (b *buffer) output(rest, folder string) error {
	i := strings.LastIndexByte(rest, ':')
	if i <= 0 {
		return fmt.Errorf("%q: a size is wanted: out:FILE:4096 or out:FILE:f32:1024", b.form)
	}
	file, size := rest[:i], uint64(1)
	if j := strings.LastIndexByte(file, ':'); j > 0 {
		if n, known := numberTypes[file[j+1:]]; known {
			file, b.element, size = file[:j], n, uint64(n.bytes)
		}
	}
	count, err := parseCount(rest[i+1:], size)
	if err != nil {
		return fmt.Errorf("%q: %w", b.form, err)
	}
	b.save, b.bytes = within(folder, file), count*size
	return nil
}

func parseCount(text string, size uint64) (uint64, error) {
	count, err := strconv.ParseUint(text, 0, 64)
	if err != nil || count == 0 || count > maxBuffer/size {
		return 0, fmt.Errorf("%q is no count from 1 to %d", text, maxBuffer/size)
	}
	return count, nil
}

// fill reads "type:count", for random numbers with ":seed".
func (b *buffer) fill(form, rest string) error {
	parts := strings.Split(rest, ":")
	n, known := numberTypes[parts[0]]
	if !known || len(parts) < 2 || len(parts) > 3 || len(parts) == 3 && form != "random" {
		return fmt.Errorf("%q: wanted is %s:TYPE:COUNT, as in %[2]s:f32:1024", b.form, form)
	}
	count, err := parseCount(parts[1], uint64(n.bytes))
	if err != nil {
		return fmt.Errorf("%q: %w", b.form, err)
	}
	b.element, b.bytes = n, count*uint64(n.bytes)
	if form == "empty" {
		return nil
	}
	seed := uint64(0)
	if len(parts) == 3 {
		if seed, err = strconv.ParseUint(parts[2], 0, 64); err != nil {
			return fmt.Errorf("%q: the seed %q is no number", b.form, parts[2])
		}
	}
	r := rand.New(rand.NewPCG(seed, 0))
	value := map[string]func(i uint64) float64{
		"zeros": func(uint64) float64 { return 0 },
		"ones":  func(uint64) float64 { return 1 },
		"iota":  func(i uint64) float64 { return float64(i) },
		"random": func(uint64) float64 {
			if n.class() == floatClass {
				return 2*r.Float64() - 1
			}
			return float64(r.IntN(100))
		},
	}[form]
	b.content = make([]byte, 0, b.bytes)
	for i := range count {
		b.content = n.put(b.content, value(i))
	}
	return nil
}

// parseHex reads the bytes of a struct.
func parseHex(digits string) ([]byte, error) {
	value, err := hex.DecodeString(digits)
	if err != nil || len(value) == 0 {
		return nil, fmt.Errorf("%q: an even number of hexadecimal digits is wanted", "hex:"+digits)
	}
	return value, nil
}
