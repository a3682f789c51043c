package sim

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// mmaElement is the format of the elements of a matrix.
type mmaElement uint8

const (
	elementTF32 mmaElement = iota
	elementBF16
	elementF16
	elementE4M3
	elementE5M2
	elementS8
	elementU8
	elementS4
	elementU4
	elementB1
	elementF64
	elementF32 // of C and D alone, as s32
	elementS32
)

var mmaElements = [...]struct {
	name string
	bits int
}{
	{"tf32", 32}, {"bf16", 16}, {"f16", 16}, {"e4m3", 8}, {"e5m2", 8}, {"s8", 8}, {"u8", 8}, {"s4", 4}, {"u4", 4}, {"b1", 1}, {"f64", 64}, {"f32", 32}, {"s32", 32},
}

func (e mmaElement) String() string { return mmaElements[e].name }

// perRegister is how many elements a register holds.
func (e mmaElement) perRegister() int { return max(1, 32/mmaElements[e].bits) }

// mmaElementByName finds a format of elements.
func mmaElementByName(name string) (mmaElement, bool) {
	for i, e := range mmaElements {
		if e.name == name {
			return mmaElement(i), true
		}
	}
	return 0, false
}

// mmaForms are the instructions, as the syntax of mma and wmma.mma in the PTX ISA has them; braces hold alternatives.
var mmaForms = []string{
	"mma.sync.aligned.m8n8k4.{row,col}.{row,col}.f32.f16.f16.{f16,f32}",
	"mma.sync.aligned.m8n8k4.{row,col}.{row,col}.f16.f16.f16.f16",
	"mma.sync.aligned.{m16n8k8,m16n8k16}.row.col.{f32.f16.f16.f32,f16.f16.f16.f16}",
	"mma.sync.aligned.{m16n8k4,m16n8k8}.row.col.f32.tf32.tf32.f32",
	"mma.sync.aligned.{m16n8k8,m16n8k16}.row.col.f32.bf16.bf16.f32",
	"mma.sync.aligned.{m16n8k16,m16n8k32}.row.col.f32.{e4m3,e5m2}.{e4m3,e5m2}.f32",
	"mma.sync.aligned.{m16n8k16,m16n8k32}.row.col.f16.{e4m3,e5m2}.{e4m3,e5m2}.f16",
	"mma.sync.aligned.{m8n8k4,m16n8k4,m16n8k8,m16n8k16}.row.col.f64.f64.f64.f64",
	"mma.sync.aligned.{m8n8k16,m16n8k16,m16n8k32}.row.col{,.satfinite}.s32.{s8,u8}.{s8,u8}.s32",
	"mma.sync.aligned.{m8n8k32,m16n8k32,m16n8k64}.row.col{,.satfinite}.s32.{s4,u4}.{s4,u4}.s32",
	"mma.sync.aligned.{m8n8k128,m16n8k128,m16n8k256}.row.col.s32.b1.b1.s32.{xor,and}.popc",

	"wmma.mma.sync.aligned.{row,col}.{row,col}.{m16n16k16,m8n32k16,m32n8k16}.{f16,f32}.{f16,f32}",
	"wmma.mma.sync.aligned.{row,col}.{row,col}.{m16n16k16,m8n32k16,m32n8k16}.f32.bf16.bf16.f32",
	"wmma.mma.sync.aligned.{row,col}.{row,col}.m16n16k8.f32.tf32.tf32.f32",
	"wmma.mma.sync.aligned.{row,col}.{row,col}.m8n8k4{,.rn}.f64.f64.f64.f64",
	"wmma.mma.sync.aligned.{row,col}.{row,col}.m8n8k4.f64.f64.f64.f64.rn", // as NVRTC writes it
	"wmma.mma.sync.aligned.{row,col}.{row,col}.{m16n16k16,m8n32k16,m32n8k16}.s32.{s8.s8,u8.u8}.s32{,.satfinite}",
	"wmma.mma.sync.aligned.row.col.m8n8k32.s32.{s4.s4,u4.u4}.s32{,.satfinite}",
	"wmma.mma.{xor,and}.popc.sync.aligned.row.col.m8n8k128.s32.b1.b1.s32",
}

// mmaShape is a form of mma.sync or wmma.mma: D = A*B + C with A of m x k, B of k x n.
//
// With g = lane/4 and t = lane%4, a register of A holds P elements of one row, those of one word: it is a tile of 8 rows and 4P columns,
// of which the lane has row g and columns tP and on. The tiles go down the rows of A first; B is the same with rows and columns
// exchanged, its tiles go along k first. C and D are tiles of 8 x 8, of which a lane has row g and columns 2t and 2t+1, in two registers
// or in one of two halves (PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type" and its like). The PTX ISA leaves open
// where the elements of wmma lie; here, too, they lie so.
type mmaShape struct {
	name       string // in the counters
	m, n, k    int
	d, a, b, c mmaElement
	wmma       bool
	quads      bool    // m8n8k4 of f16: four products of eight lanes each
	columns    [2]bool // of quads: A, B by columns
	satfinite  bool
	and        bool // and for xor, of single bits
	crossed    bool // registers of D are others of C

	counts [4]int // registers of D, A, B and C
}

// count is the form as the counters tell it.
func (s *mmaShape) count() TensorCount {
	return TensorCount{Name: s.name, Type: s.a.String(), Accumulator: s.d.String()}
}

// mmaShapes holds the forms by the instruction's text. They are read when the first is decoded.
var mmaShapes = sync.OnceValue(func() map[string]mmaShape {
	table := map[string]mmaShape{}
	for _, form := range mmaForms {
		for _, text := range alternatives(form) {
			table[text] = newMMAShape(text)
		}
	}
	return table
})

var braces = regexp.MustCompile(`\{([^}]*)\}`)

func alternatives(form string) (all []string) {
	at := braces.FindStringSubmatchIndex(form)
	if at == nil {
		return []string{form}
	}
	for _, choice := range strings.Split(form[at[2]:at[3]], ",") {
		all = append(all, alternatives(form[:at[0]]+choice+form[at[1]:])...)
	}
	return all
}

func newMMAShape(text string) mmaShape {
	s := mmaShape{wmma: strings.HasPrefix(text, "wmma"), a: elementF16, b: elementF16}
	var types []mmaElement
	var columns []bool
	size := ""
	for _, part := range strings.Split(text, ".") {
		if n, _ := fmt.Sscanf(part, "m%dn%dk%d", &s.m, &s.n, &s.k); n == 3 {
			size = part
		} else if e, ok := mmaElementByName(part); ok {
			types = append(types, e)
		}
		switch part {
		case "row", "col":
			columns = append(columns, part == "col")
		case "satfinite":
			s.satfinite = true
		case "and":
			s.and = true
		}
	}
	s.d, s.c = types[0], types[len(types)-1]
	if len(types) == 4 {
		s.a, s.b = types[1], types[2]
	}
	s.quads = s.k == 4 && s.a == elementF16
	s.columns = [2]bool(columns)
	s.name = size + " " + s.a.String()
	if s.b != s.a {
		s.name += " " + s.b.String()
	}
	if s.d == elementF16 {
		s.name += " to f16"
	}
	if s.wmma {
		s.name = "wmma " + s.name
	}
	for i, f := range s.fragments() {
		s.counts[i] = f.registers
	}
	return s
}

func (s *mmaShape) flops() int64 {
	n := int64(2 * s.m * s.n * s.k)
	if s.quads {
		n *= 4
	}
	return n
}

// mmaFragment is what a lane holds of a matrix.
type mmaFragment struct {
	element   mmaElement
	registers int
}

func (f mmaFragment) bank() byte {
	if f.element == elementF64 {
		return 'q'
	}
	return 'r'
}

// fragments gives those of D, A, B and C.
func (s *mmaShape) fragments() [4]mmaFragment {
	return [4]mmaFragment{s.fragment('d', s.d), s.fragment('a', s.a), s.fragment('b', s.b), s.fragment('c', s.c)}
}

// fragment gives that of a matrix, whose elements may have another type than in the instruction: wmma.load has one type.
func (s *mmaShape) fragment(matrix byte, element mmaElement) mmaFragment {
	f := mmaFragment{element: element, registers: s.registers(matrix, element)}
	switch {
	case s.quads:
		f.registers = map[bool]int{true: 2, false: 8 / element.perRegister()}[matrix == 'a' || matrix == 'b']
	case s.wmma && element == elementF16 && (matrix == 'a' || matrix == 'b'):
		f.registers = 8 // whatever the shape: the others are copies
	}
	return f
}

// registers is how many a lane needs for its part of a matrix.
func (s *mmaShape) registers(matrix byte, element mmaElement) int {
	rows, columns := s.size(matrix)
	return rows * columns / 32 / element.perRegister()
}

// size is that of a matrix: a, b, c or d.
func (s *mmaShape) size(matrix byte) (rows, columns int) {
	switch matrix {
	case 'a':
		return s.m, s.k
	case 'b':
		return s.k, s.n
	}
	return s.m, s.n
}

// split gives the registers of D, A, B and C.
func (s *mmaShape) split(list []int32) (d, a, b, c []int32) {
	var parts [4][]int32
	for i, n := range s.counts {
		parts[i], list = list[:n], list[n:]
	}
	return parts[0], parts[1], parts[2], parts[3]
}
