package inspect

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
)

// ArgumentHelp describes the forms of an argument.
const ArgumentHelp = `  f32:1.5  i32:-3  u64:7         a number: i8 u8 i16 u16 i32 u32 i64 u64 f16 bf16 f32 f64
  hex:0000803f00000040           the bytes of a struct
  in:FILE                        device memory with the bytes of a file
  out:FILE:4096  out:FILE:f32:64 device memory that nobody has written, saved to the file after the run: in bytes, or of a type
  inout:FILE:FILE                device memory read from the first file, saved to the second
  zeros:f32:1024                 device memory of 1024 numbers: all 0
  ones:f32:1024                  all 1
  iota:f32:1024                  0, 1, 2, ...
  random:f32:1024:SEED           uniform in [-1, 1), integers in [0, 100); the seed may be left out
  empty:f32:1024                 not written: reading it is a finding`

// maxBuffer bounds one argument's memory.
const maxBuffer = 2 << 30

// argument is one parsed argument of a kernel: a value that is passed, or device memory whose address is.
type argument struct {
	text    string
	value   []byte // to pass; nil for memory
	content []byte // of the memory; nil where it is not written
	bytes   uint64 // of the memory
	element numberType
	save    string // the file to write after the run, or empty
}

// numberType is a type that an argument may have.
type numberType struct {
	name  string
	bytes int
	parse func(text string) ([]byte, error)
	put   func(b []byte, v float64) []byte // appends
	get   func(b []byte) string
}

// parseArgument reads one argument in a form of ArgumentHelp, with its files.
func parseArgument(text string) (argument, error) {
	a := argument{text: text}
	form, rest, _ := strings.Cut(text, ":")
	var err error
	switch form {
	case "in":
		a.content, err = readFile(rest)
	case "inout":
		from, to, found := strings.Cut(rest, ":")
		if !found || to == "" {
			return a, badArgument(text, "two files are wanted: inout:FILE:FILE")
		}
		a.save = to
		a.content, err = readFile(from)
	case "out":
		err = a.output(rest)
	case "zeros", "ones", "iota", "random", "empty":
		err = a.fill(form, rest)
	case "hex":
		a.value, err = hex.DecodeString(rest)
		if err != nil || len(a.value) == 0 {
			return a, badArgument(text, "an even number of hexadecimal digits is wanted")
		}
	default:
		n, known := numberTypes[form]
		if !known {
			return a, badArgument(text, fmt.Sprintf("unknown form %q; the forms are\n%s", form, ArgumentHelp))
		}
		a.element = n
		if a.value, err = n.parse(rest); err != nil {
			return a, badArgument(text, err.Error())
		}
	}
	if err != nil {
		return a, err
	}
	if a.value == nil && a.bytes == 0 {
		a.bytes = uint64(len(a.content))
	}
	return a, nil
}

func badArgument(text, problem string) error {
	return fmt.Errorf("inspect: argument %q: %s", text, problem)
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("inspect: the input file %s does not exist", name)
	case err != nil:
		return nil, fmt.Errorf("inspect: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("inspect: the input %s is no regular file", name)
	case info.Size() == 0:
		return nil, fmt.Errorf("inspect: the input file %s is empty", name)
	case info.Size() > maxBuffer:
		return nil, fmt.Errorf("inspect: the input file %s has %d bytes, at most %d are taken", name, info.Size(), maxBuffer)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	return b, nil
}

// output reads "FILE:bytes" or "FILE:type:count".
func (a *argument) output(rest string) error {
	i := strings.LastIndexByte(rest, ':')
	if i <= 0 {
		return badArgument(a.text, "a size is wanted: out:FILE:4096 or out:FILE:f32:1024")
	}
	file, size := rest[:i], uint64(1)
	if j := strings.LastIndexByte(file, ':'); j > 0 {
		if n, known := numberTypes[file[j+1:]]; known {
			file, a.element, size = file[:j], n, uint64(n.bytes)
		}
	}
	count, err := parseCount(rest[i+1:], size)
	if err != nil {
		return badArgument(a.text, err.Error())
	}
	a.save, a.bytes = file, count*size
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
func (a *argument) fill(form, rest string) error {
	parts := strings.Split(rest, ":")
	n, known := numberTypes[parts[0]]
	if !known || len(parts) < 2 || len(parts) > 3 || len(parts) == 3 && form != "random" {
		return badArgument(a.text, "wanted is "+form+":TYPE:COUNT, as in "+form+":f32:1024")
	}
	count, err := parseCount(parts[1], uint64(n.bytes))
	if err != nil {
		return badArgument(a.text, err.Error())
	}
	a.element, a.bytes = n, count*uint64(n.bytes)
	if form == "empty" {
		return nil
	}
	seed := uint64(0)
	if len(parts) == 3 {
		if seed, err = strconv.ParseUint(parts[2], 0, 64); err != nil {
			return badArgument(a.text, fmt.Sprintf("the seed %q is no number", parts[2]))
		}
	}
	r := rand.New(rand.NewPCG(seed, 0))
	values := map[string]func(i uint64) float64{
		"zeros": func(uint64) float64 { return 0 },
		"ones":  func(uint64) float64 { return 1 },
		"iota":  func(i uint64) float64 { return float64(i) },
		"random": func(uint64) float64 {
			if strings.Contains(n.name, "f") {
				return 2*r.Float64() - 1
			}
			return float64(r.IntN(100))
		},
	}
	a.content = make([]byte, 0, a.bytes)
	for i := range count {
		a.content = n.put(a.content, values[form](i))
	}
	return nil
}
