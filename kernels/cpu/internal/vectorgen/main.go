// Command vectorgen writes the assembly of the loops over vectors of package cpu; its files vector.go and taps.go say what they compute.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	Package("cnn-gpu/kernels/cpu")
	pointwise()
	finite()
	taps()
	Generate()
}

// span is what one turn of a loop handles: registers of eight elements, or a single element in the lowest lane of one register. What the
// other lanes then hold does not matter.
type span struct {
	name              string
	vectors, elements int
}

// spans go from the widest to the narrowest: each leaves less than its width to the next.
var spans = []span{{"wide", 4, 32}, {"vector", 1, 8}, {"element", 1, 1}}

func (s span) isElement() bool { return s.elements == 1 }

func (s span) register() reg.Register {
	if s.isElement() {
		return XMM()
	}
	return YMM()
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
		VMOVSS(m, r)
	} else {
		VMOVUPS(m, r)
	}
	return r
}

func (s span) store(r reg.Register, m Mem) {
	if s.isElement() {
		VMOVSS(r, m)
	} else {
		VMOVUPS(r, m)
	}
}

// of returns a instruction b, such as a − b, in a new register.
func (s span) of(instruction func(...Op), a, b Op) reg.Register {
	r := s.register()
	instruction(b, a, r)
	return r
}

// compare returns a register with all bits set where the predicate holds between a and b.
func (s span) compare(predicate uint64, a, b Op) reg.Register {
	r := s.register()
	VCMPPS(Imm(predicate), b, a, r)
	return r
}

// The predicates of comparisons. Of those that hold where an operand is NaN the names begin with not.
const (
	notLessOrEqual    = 0x06
	ordered           = 0x07
	notGreaterOrEqual = 0x09
	greater           = 0x1e
)

// constant returns a register with the same 32 bits in all lanes.
func constant(bits uint32) reg.VecVirtual {
	low, r := GP32(), YMM()
	MOVL(U32(bits), low)
	VMOVD(low, r.AsX())
	VPBROADCASTD(r.AsX(), r)
	return r
}

// zeros returns a register of zeros.
func zeros() reg.VecVirtual {
	r := YMM()
	VXORPS(r, r, r)
	return r
}

const one = 0x3f800000
