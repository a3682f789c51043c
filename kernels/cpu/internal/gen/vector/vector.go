// Package vector writes the assembly of the loops over vectors of package cpu; its files vector.go and taps.go say what they compute.
package vector

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	g := generator{asm}
	g.pointwise()
	g.finite()
	g.squares()
	g.taps()
}

type generator struct{ *assembler.Assembler }

// span is what one turn of a loop handles: registers of eight elements, or a single element in the lowest lane of one register. What the
// other lanes then hold does not matter.
type span struct {
	generator
	name              string
	vectors, elements int
}

// spans go from the widest to the narrowest: each leaves less than its width to the next.
func (asm generator) spans() []span {
	return []span{{asm, "wide", 4, 32}, {asm, "vector", 1, 8}, {asm, "element", 1, 1}}
}

func (s span) isElement() bool { return s.elements == 1 }

func (s span) register() reg.Register {
	if s.isElement() {
		return s.XMM()
	}
	return s.YMM()
}

// narrow is as much of a whole register as the span uses.
func (s span) narrow(r reg.VecVirtual) reg.Register {
	if s.isElement() {
		return r.AsX()
	}
	return r
}

func (s span) load(m Mem) reg.Register {
	r := s.register()
	if s.isElement() {
		s.VMOVSS(m, r)
	} else {
		s.VMOVUPS(m, r)
	}
	return r
}

func (s span) store(r reg.Register, m Mem) {
	if s.isElement() {
		s.VMOVSS(r, m)
	} else {
		s.VMOVUPS(r, m)
	}
}

// apply returns a instruction b, such as a − b, in a new register.
func (s span) apply(instruction func(...Op), a, b Op) reg.Register {
	r := s.register()
	instruction(b, a, r)
	return r
}

// compare returns a register with all bits set where the predicate holds between a and b.
func (s span) compare(predicate uint64, a, b Op) reg.Register {
	r := s.register()
	s.VCMPPS(Imm(predicate), b, a, r)
	return r
}

// constant returns a register with the same 32 bits in all lanes.
func (asm generator) constant(bits uint32) reg.VecVirtual {
	low, r := asm.GP32(), asm.YMM()
	asm.MOVL(U32(bits), low)
	asm.VMOVD(low, r.AsX())
	asm.VPBROADCASTD(r.AsX(), r)
	return r
}

// zeros returns a register of zeros.
func (asm generator) zeros() reg.VecVirtual {
	r := asm.YMM()
	asm.VXORPS(r, r, r)
	return r
}

const one = 0x3f800000
