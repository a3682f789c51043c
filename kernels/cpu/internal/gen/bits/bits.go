// Package bits writes the assembly that joins what is not zero in several images to bytes; see joinBits in package cpu.
package bits

import (
	. "github.com/mmcloughlin/avo/operand"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// lanes is how many bytes are made at a time.
const lanes = 8

// Write writes the function.
func Write(asm *assembler.Assembler) {
	asm.Implement("joinBitsAVX2")
	bytes, n := asm.Load(asm.Param("bits").Base(), asm.GP64()), asm.Load(asm.Param("bits").Len(), asm.GP64())
	values, images, pitch := asm.Load(asm.Param("values"), asm.GP64()), asm.Load(asm.Param("images"), asm.GP64()), asm.Load(asm.Param("pitch"), asm.GP64())
	asm.SHLQ(Imm(2), pitch)
	// The last image comes first, so that the bits of those before it move up.
	last := asm.GP64()
	asm.MOVQ(images, last)
	asm.DECQ(last)
	asm.IMULQ(pitch, last)
	asm.ADDQ(last, values)
	zero := asm.YMM()
	asm.VXORPS(zero, zero, zero)

	asm.Label("bytes")
	at, left, all := asm.GP64(), asm.GP64(), asm.YMM()
	asm.MOVQ(values, at)
	asm.MOVQ(images, left)
	asm.VPXOR(all, all, all)

	asm.Label("images")
	mask := asm.YMM()
	asm.VCMPPS(Imm(assembler.NotEqual), Mem{Base: at}, zero, mask)
	asm.VPADDD(all, all, all)
	asm.VPSUBD(mask, all, all)
	asm.SUBQ(pitch, at)
	asm.DECQ(left)
	asm.JNZ(LabelRef("images"))

	upper := asm.XMM()
	asm.VEXTRACTI128(Imm(1), all, upper)
	asm.VPACKUSDW(upper, all.AsX(), upper)
	asm.VPACKUSWB(upper, upper, upper)
	asm.VMOVQ(upper, Mem{Base: bytes})
	asm.ADDQ(Imm(lanes), bytes)
	asm.ADDQ(Imm(4*lanes), values)
	asm.SUBQ(Imm(lanes), n)
	asm.JNZ(LabelRef("bytes"))
	asm.VZEROUPPER()
	asm.RET()
}
