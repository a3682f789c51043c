// Package sass reads machine code of NVIDIA's GPUs from Volta on: what the compiler of PTX made of a kernel, its order, and the
// control codes by which it tells the hardware when an instruction may be issued. It knows as much of it as a model of the time needs.
//
// The encoding is published by those who measured it: Jia et al. 2018, "Dissecting the NVIDIA Volta GPU Architecture via
// Microbenchmarking", section 2, and what nvdisasm prints.
package sass

import (
	"bytes"
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Function is the machine code of a kernel or of a function that it calls.
type Function struct {
	Name      string
	Registers int // of a thread
	Code      []Instruction
}

const (
	instructionBytes = 16
	// lineTable maps machine code to lines of the PTX that it was made from, where NVRTC or ptxas got -lineinfo.
	lineTable = ".nv_debug_line_sass"
)

// Read gives the functions of a cubin. An error says that it is none, or for an architecture before Volta.
func Read(cubin []byte) ([]*Function, error) {
	const versionAt = 0x14 // the compiler writes CUDA's version there
	if len(cubin) < 64 {
		return nil, fmt.Errorf("sass: %d bytes are no cubin", len(cubin))
	}
	architecture, err := architectureOf(cubin)
	if err != nil {
		return nil, err
	}
	cubin = slices.Clone(cubin)
	binary.LittleEndian.PutUint32(cubin[versionAt:], uint32(elf.EV_CURRENT))
	f, err := elf.NewFile(bytes.NewReader(cubin))
	if err != nil {
		return nil, fmt.Errorf("sass: no cubin: %w", err)
	}
	lines, err := ptxLines(f)
	if err != nil {
		return nil, err
	}
	registers, err := registerCounts(f)
	if err != nil {
		return nil, err
	}
	var all []*Function
	for i, s := range f.Sections {
		name, found := strings.CutPrefix(s.Name, ".text.")
		if !found {
			continue
		}
		text, err := s.Data()
		if err != nil {
			return nil, fmt.Errorf("sass: section %s: %w", s.Name, err)
		}
		fn := &Function{Name: name, Registers: registers[name]}
		for at := 0; at+instructionBytes <= len(text); at += instructionBytes {
			fn.Code = append(fn.Code, decode(text[at:], int64(at), architecture))
		}
		lines.assign(fn, uint64(i))
		all = append(all, fn)
	}
	return all, nil
}

// architectureOf is 80 for sm_80: the lowest byte of the header's flags, or the second one since CUDA 13.
func architectureOf(cubin []byte) (int, error) {
	const flagsAt, versionAt = 0x30, 8
	flags := binary.LittleEndian.Uint32(cubin[flagsAt:])
	a := int(flags & 0xff)
	if cubin[versionAt] >= 8 {
		a = int(flags >> 8 & 0xff)
	}
	if a < 70 {
		return 0, fmt.Errorf("sass: machine code for sm_%d, known is that from sm_70 on", a)
	}
	return a, nil
}

// registerCounts reads the registers of each function from the attributes of the file: a format, a name and, in format 4, as many bytes
// of value as the next two say, for this name the function's symbol and the count.
func registerCounts(f *elf.File) (map[string]int, error) {
	const (
		sized      = 4
		registers  = 0x2f
		headerSize = 4
	)
	s := f.Section(".nv.info")
	if s == nil {
		return nil, nil
	}
	info, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("sass: section %s: %w", s.Name, err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		return nil, fmt.Errorf("sass: symbols: %w", err)
	}
	counts := map[string]int{}
	for len(info) >= headerSize {
		format, attribute, size := info[0], info[1], int(binary.LittleEndian.Uint16(info[2:]))
		info = info[headerSize:]
		if format != sized {
			continue
		}
		if size > len(info) {
			return nil, fmt.Errorf("sass: section %s: an attribute of %d bytes, there are %d", s.Name, size, len(info))
		}
		if attribute == registers && size == 8 {
			if symbol := binary.LittleEndian.Uint32(info); symbol >= 1 && int(symbol) <= len(symbols) {
				counts[symbols[symbol-1].Name] = int(binary.LittleEndian.Uint32(info[4:]))
			}
		}
		info = info[size:]
	}
	return counts, nil
}

// sectionShift makes one address of a section's number and an offset in it.
const sectionShift = 32

// lineEntries are the places where the line changes, by address.
type lineEntries []dwarf.LineEntry

// ptxLines reads the table of lines. Its programs begin at addresses that relocations name.
func ptxLines(f *elf.File) (lineEntries, error) {
	s := f.Section(lineTable)
	if s == nil {
		return nil, nil
	}
	table, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("sass: section %s: %w", lineTable, err)
	}
	table = slices.Clone(table)
	for prefix, size := range map[string]int{".rel": 16, ".rela": 24} { // with no addend and with one
		if r := f.Section(prefix + lineTable); r != nil {
			if err := relocate(f, r, size, table); err != nil {
				return nil, err
			}
		}
	}
	// The standard library reads a line program of a compile unit: one that has nothing but the place of its lines, for each program.
	abbreviations := []byte{1, 0x11, 0, 0x10, 0x06, 0, 0, 0}
	var units []byte
	for at := 0; at+4 <= len(table); {
		unit := []byte{12, 0, 0, 0, 2, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0, 0}
		binary.LittleEndian.PutUint32(unit[12:], uint32(at))
		units = append(units, unit...)
		at += 4 + int(binary.LittleEndian.Uint32(table[at:]))
	}
	d, err := dwarf.New(abbreviations, nil, nil, units, table, nil, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("sass: section %s: %w", lineTable, err)
	}
	var all lineEntries
	for r := d.Reader(); ; {
		unit, err := r.Next()
		if err != nil || unit == nil {
			return all, err
		}
		lines, err := d.LineReader(unit)
		if err != nil {
			return nil, fmt.Errorf("sass: section %s: %w", lineTable, err)
		}
		for {
			var e dwarf.LineEntry
			if err := lines.Next(&e); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("sass: section %s: %w", lineTable, err)
			}
			all = append(all, e)
		}
	}
}

// relocate writes the section of the symbol of each relocation into its place.
func relocate(f *elf.File, r *elf.Section, size int, table []byte) error {
	relocations, err := r.Data()
	if err != nil {
		return fmt.Errorf("sass: section %s: %w", r.Name, err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		return fmt.Errorf("sass: symbols: %w", err)
	}
	for ; len(relocations) >= size; relocations = relocations[size:] {
		at, symbol := binary.LittleEndian.Uint64(relocations), int(binary.LittleEndian.Uint32(relocations[12:]))
		if symbol < 1 || symbol > len(symbols) || at+8 > uint64(len(table)) {
			return fmt.Errorf("sass: section %s names symbol %d and offset %d, which are not there", r.Name, symbol, at)
		}
		s := symbols[symbol-1]
		binary.LittleEndian.PutUint64(table[at:], uint64(s.Section)<<sectionShift+s.Value)
	}
	return nil
}

// assign gives the instructions of a function, which is a section, their lines.
func (l lineEntries) assign(fn *Function, section uint64) {
	var own lineEntries
	for _, e := range l {
		if e.Address>>sectionShift == section && !e.EndSequence {
			own = append(own, e)
		}
	}
	slices.SortStableFunc(own, func(a, b dwarf.LineEntry) int { return cmp.Compare(a.Address, b.Address) })
	line := 0
	for i := range fn.Code {
		for len(own) > 0 && own[0].Address&(1<<sectionShift-1) <= uint64(i*instructionBytes) {
			line, own = own[0].Line, own[1:]
		}
		fn.Code[i].Line = line
	}
}
