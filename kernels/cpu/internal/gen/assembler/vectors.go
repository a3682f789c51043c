package assembler

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Set is a set of vector instructions, named as the functions end that use it.
type Set struct {
	Name  string
	bytes int // of a register
}

// The sets.
var (
	AVX2   = Set{"AVX2", 32}
	AVX512 = Set{"AVX512", 64}
)

// Width is the number of float32 values in a register.
func (s Set) Width() int { return s.bytes / 4 }

// Of returns the vectors of the set.
func (s Set) Of(asm *Assembler) Vectors { return Vectors{asm, s} }

// Vectors writes functions by the registers of one set. AVX-512 loads and stores only the values of a mask, at no cost, and so needs no code for
// fewer values than a register holds.
type Vectors struct {
	*Assembler
	Set
}

// Mask is the register that says which values of a vector of AVX-512 are loaded and stored.
var Mask = reg.K1

// Vector is a new register.
func (v Vectors) Vector() reg.VecVirtual {
	if v.Set == AVX512 {
		return v.ZMM()
	}
	return v.YMM()
}

// LoadVector loads the vector at a place.
func (v Vectors) LoadVector(from operand.Mem, to reg.Register) {
	if v.Set == AVX512 {
		v.VMOVUPS_Z(from, Mask, to)
	} else {
		v.VMOVUPS(from, to)
	}
}

// StoreVector stores a vector.
func (v Vectors) StoreVector(from reg.Register, to operand.Mem) {
	if v.Set == AVX512 {
		v.VMOVUPS(from, Mask, to)
	} else {
		v.VMOVUPS(from, to)
	}
}

// Bytes is the size of some vectors.
func (v Vectors) Bytes(vectors int) int { return vectors * v.bytes }
