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

// Vectors writes functions by the registers of one set. Of some vectors that lie together AVX-512 masks the last, at no cost, and so needs no code for
// fewer values than a register holds.
type Vectors struct {
	*Assembler
	Set
}

// Mask is the register that says which values of a masked vector there are.
var Mask = reg.K1

// IsMasked says whether the set has masks.
func (v Vectors) IsMasked() bool { return v.Set == AVX512 }

// MaskLast makes the mask of the last of at most so many vectors, for a number of values of which there may be more; there is at least one. It uses RCX.
func (v Vectors) MaskLast(values operand.Op, vectors int) {
	if !v.IsMasked() {
		return
	}
	most, all := v.GP64(), v.GP32()
	v.MOVQ(values, reg.RCX)
	v.MOVQ(operand.U32(vectors*v.Width()), most)
	v.CMPQ(reg.RCX, most)
	v.CMOVQGT(most, reg.RCX)
	v.NEGQ(reg.RCX)
	v.ANDQ(operand.Imm(uint64(v.Width()-1)), reg.RCX)
	v.MOVL(operand.U32(1<<v.Width()-1), all)
	v.SHRL(reg.CL, all)
	v.KMOVW(all, Mask)
}

// Vector is a new register.
func (v Vectors) Vector() reg.VecVirtual {
	if v.Set == AVX512 {
		return v.ZMM()
	}
	return v.YMM()
}

// LoadVector loads the vector at a place, which may be masked.
func (v Vectors) LoadVector(from operand.Mem, to reg.Register, isLast bool) {
	if v.IsMasked() && isLast {
		v.VMOVUPS_Z(from, Mask, to)
	} else {
		v.VMOVUPS(from, to)
	}
}

// StoreVector stores a vector, which may be masked.
func (v Vectors) StoreVector(from reg.Register, to operand.Mem, isLast bool) {
	if v.IsMasked() && isLast {
		v.VMOVUPS(from, Mask, to)
	} else {
		v.VMOVUPS(from, to)
	}
}

// AddVector computes sum = at + value.
func (v Vectors) AddVector(at operand.Mem, value, sum reg.Register, isLast bool) {
	if v.IsMasked() && isLast {
		v.VADDPS_Z(at, value, Mask, sum)
	} else {
		v.VADDPS(at, value, sum)
	}
}

// AddProducts computes sum += at · factor.
func (v Vectors) AddProducts(at operand.Mem, factor, sum reg.Register, isLast bool) {
	if v.IsMasked() && isLast {
		v.VFMADD231PS(at, factor, Mask, sum)
	} else {
		v.VFMADD231PS(at, factor, sum)
	}
}

// Bytes is the size of some vectors.
func (v Vectors) Bytes(vectors int) int { return vectors * v.bytes }
