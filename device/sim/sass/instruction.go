package sass

import "encoding/binary"

// None is a scoreboard or a target that an instruction does not have.
const None = -1

// Instruction is one instruction of 128 bits.
type Instruction struct {
	Op        Opcode
	Line      int  // in the PTX, 0 if not known
	Predicate bool // it has a guard other than true
	Never     bool // its guard is false
	Target    int  // index in Function.Code that a branch or a call goes to, or None

	// The control code: cycles until the warp may issue its next instruction; the scoreboards, of 6, that its result and its
	// operands hold until the one is written and the others are read; those that it waits for, as a mask.
	Stall       int
	Write, Read int
	Wait        uint8

	bits [2]uint64
}

// scoreboards is how many a warp has.
const scoreboards = 6

func decode(p []byte, at int64, architecture int) Instruction {
	lo, hi := binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])
	i := Instruction{Op: Opcode(lo & 0x1ff), Target: None, bits: [2]uint64{lo, hi}}
	guard := lo >> 12 & 15
	i.Predicate, i.Never = guard != 7, guard == 15
	control := hi >> 41
	i.Stall, i.Write, i.Read, i.Wait = int(control&15), board(control>>5&7), board(control>>8&7), uint8(control>>11&63)
	if i.Op == bra || i.Op == callRel {
		offset := int64(lo) >> 34 * 4
		if architecture >= 90 { // a byte of the offset lies apart
			offset = offset<<8 + int64(lo>>16&0xff)*4
		}
		i.Target = int((at + instructionBytes + offset) / instructionBytes)
	}
	return i
}

// board is a scoreboard by its number.
func board(n uint64) int {
	if n >= scoreboards {
		return None
	}
	return int(n)
}

// Branch says whether the instruction may go on elsewhere in its function.
func (i *Instruction) Branch() bool { return i.Op == bra }

// Ends says whether nothing follows the instruction: it leaves the kernel, returns or always branches.
func (i *Instruction) Ends() bool {
	return (i.Op == exit || i.Op == bra || i.Op == ret) && !i.Predicate
}

// Source is a register that an arithmetic instruction reads as its operand 0, 1 or 2.
type Source struct {
	Operand, Register int
	Reuse             bool // it is kept for the next instruction that reads it there
}

// Sources lists the registers that an arithmetic instruction reads, but for the one that is always zero.
func (i *Instruction) Sources() (all []Source) {
	const (
		registers    = 1 // the form of which all operands are registers; in others the second is a constant, or the third
		thirdIsOther = 2
		alsoOther    = 3
		zero         = 255
	)
	lo, hi := i.bits[0], i.bits[1]
	add := func(operand int, register uint64) {
		if r := int(register & 0xff); r != zero {
			all = append(all, Source{operand, r, hi>>(58+operand)&1 != 0})
		}
	}
	form := lo >> 9 & 7
	add(0, lo>>24)
	if form == registers {
		add(1, lo>>32)
	}
	if three := opcodes[i.Op].three; three && form != thirdIsOther && form != alsoOther {
		add(2, hi)
	} else if three {
		add(1, hi)
	}
	return all
}

// Keeps is how many instructions on its scoreboard DEPBAR lets go on, and the scoreboard, or None.
func (i *Instruction) Keeps() (n, on int) {
	return int(i.bits[0] >> 38 & 63), board(i.bits[0] >> 44 & 7)
}

// Bytes is what a thread loads or stores.
func (i *Instruction) Bytes() int {
	if i.Op == ldsm {
		return 4 << (i.bits[1] >> 8 & 3)
	}
	return [8]int{1, 1, 2, 2, 4, 8, 16, 16}[i.bits[1]>>9&7]
}

// Matrix describes a product of matrices: its multiplications and additions, and whether it is one of 32-bit numbers.
func (i *Instruction) Matrix() (flops float64, tf32 bool) {
	const (
		m16n8k8  = 2 * 16 * 8 * 8
		m8n8k4   = 2 * 8 * 8 * 4
		deepBit  = 1 << 11
		tf32Bit  = 1 << 19
		quartBit = 1 << 14 // half the depth
	)
	hi := i.bits[1]
	switch i.Op {
	case dmma:
		return m8n8k4, false
	case imma:
		if hi&deepBit != 0 {
			return 4 * m16n8k8, false
		}
		return 2 * m16n8k8, false
	}
	flops, tf32 = m16n8k8, hi&tf32Bit != 0
	if hi&deepBit != 0 {
		flops *= 2
	}
	if tf32 && hi&quartBit != 0 {
		flops /= 2
	}
	return flops, tf32
}

// MatrixRegisters lists the first registers of the result and of the operands of a product of matrices: the result has as many
// registers as the third operand, four at most.
func (i *Instruction) MatrixRegisters() (d, a, b, c int) {
	lo, hi := i.bits[0], i.bits[1]
	return int(lo >> 16 & 0xff), int(lo >> 24 & 0xff), int(lo >> 32 & 0xff), int(hi & 0xff)
}
