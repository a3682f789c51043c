// Package winograd writes the assembly of Winograd's transforms; see winogradTransform in package cpu.
package winograd

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
	"cnn-gpu/kernels/internal/winograd"
)

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	asm.Expect("winogradVector", assembler.AVX2.Width())
	constants := map[float32]Mem{}
	for _, g := range []*generator{
		{assembler.AVX2.Of(asm), 10, constants},
		{assembler.AVX512.Of(asm), 25, constants},
	} {
		for _, a := range winograd.Algorithms() {
			g.writeTransform("winogradInput", a.Tile, a.Input, write)
			g.writeTransform("winogradFilter", a.Tile, a.Filter, write)
			g.writeTransform("winogradOutput", a.Tile, a.Output, activate)
			g.writeTransform("winogradGradient", a.Tile, winograd.Transposed(a.Output), write)
			g.writeTransform("winogradWeights", a.Tile, winograd.Transposed(a.Filter), accumulate)
			g.writeTransform("winogradSpread", a.Tile, winograd.Transposed(a.Input), accumulate)
		}
	}
}

type generator struct {
	assembler.Vectors
	// halfRegisters is how many vectors of L·X are kept in registers: a transform computes some of its rows, and what follows from them, before
	// the next, and reads X again rather than store L·X.
	halfRegisters int
	constants     map[float32]Mem // the coefficients that were written so far, in all lanes of AVX2
}

func (asm *generator) constant(v float32) Mem {
	if m, ok := asm.constants[v]; ok {
		return m
	}
	m := asm.Lanes(fmt.Sprintf("winograd%d", len(asm.constants)), assembler.AVX2.Width(), func(int) uint32 { return math.Float32bits(v) })
	asm.constants[v] = m
	return m
}

// ending is what a transform does with L·X·Lᵀ.
type ending int

const (
	write      ending = iota
	activate          // adds what the sums start with, and raises what is below the floor to it
	accumulate        // adds it to what is there
)

// writeTransform writes the transform by L of a square X, a register of channels at a time.
func (asm *generator) writeTransform(stage string, tile int, l [][]float64, end ending) {
	out, in := len(l), len(l[0])
	asm.Implement(fmt.Sprint(stage, tile, asm.Name))
	t := asm.Load(asm.Param("t"), asm.GP64())
	field := asm.Fields("winogradTransform", t)

	stride := func(name string) reg.GPVirtual {
		bytes := asm.GP64()
		asm.MOVQ(field(name), bytes)
		asm.SHLQ(Imm(2), bytes)
		return bytes
	}
	srcRow, srcCol := stride("srcRow"), stride("srcCol")
	dstRow, dstCol := stride("dstRow"), stride("dstCol")
	src, dst, tiles := asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(field("src"), src)
	asm.MOVQ(field("dst"), dst)
	asm.MOVQ(field("tiles"), tiles)

	asm.Label("tile")
	x, y, channels, start := asm.GP64(), asm.GP64(), asm.GP64(), asm.GP64()
	asm.MOVQ(src, x)
	asm.MOVQ(dst, y)
	asm.MOVQ(field("vectors"), channels)
	asm.SHLQ(Imm(uint64(bits.TrailingZeros(uint(asm.Constant("winogradVector"))))), channels)
	if end == activate {
		asm.MOVQ(field("start"), start)
	}

	asm.Label("vector")
	asm.MaskLast(channels, 1)
	row, at := asm.GP64(), asm.GP64()
	asm.MOVQ(y, row)
	for first := 0; first < out; first += asm.halfRegisters / in {
		rows := l[first:min(first+asm.halfRegisters/in, out)]
		half := make([][]reg.VecVirtual, len(rows)) // of L·X
		column := asm.GP64()
		asm.MOVQ(x, column)
		for j := range in {
			values := make([]reg.VecVirtual, in)
			asm.MOVQ(column, at)
			for k := range in {
				if slices.ContainsFunc(rows, func(row []float64) bool { return row[k] != 0 }) {
					values[k] = asm.Vector()
					asm.LoadVector(Mem{Base: at}, values[k], true)
				}
				if k < in-1 {
					asm.ADDQ(srcRow, at)
				}
			}
			for i, row := range rows {
				half[i] = append(half[i], asm.combine(row, values))
			}
			if j < in-1 {
				asm.ADDQ(srcCol, column)
			}
		}
		var begin, floor reg.VecVirtual
		if end == activate {
			begin, floor = asm.Vector(), asm.Vector()
			asm.LoadVector(Mem{Base: start}, begin, true)
			asm.VBROADCASTSS(field("floor"), floor)
		}
		for i := range rows {
			asm.MOVQ(row, at)
			for j := range out {
				sum := asm.combine(l[j], half[i])
				result := sum
				switch end {
				case activate:
					result = asm.Vector()
					asm.VADDPS(begin, sum, result)
					asm.VMAXPS(result, floor, result) // the last operand of the instruction, here the first, wins over NaN
				case accumulate:
					result = asm.Vector()
					asm.AddVector(Mem{Base: at}, sum, result, true)
				}
				asm.StoreVector(result, Mem{Base: at}, true)
				if j < out-1 {
					asm.ADDQ(dstCol, at)
				}
			}
			asm.ADDQ(dstRow, row)
		}
	}
	asm.ADDQ(Imm(uint64(asm.Bytes(1))), x)
	asm.ADDQ(Imm(uint64(asm.Bytes(1))), y)
	if end == activate {
		asm.ADDQ(Imm(uint64(asm.Bytes(1))), start)
	}
	asm.SUBQ(Imm(uint64(asm.Width())), channels)
	asm.JG(LabelRef("vector"))

	step := func(pointer reg.GPVirtual, name string) {
		bytes := asm.GP64()
		asm.MOVQ(field(name), bytes)
		asm.LEAQ(Mem{Base: pointer, Index: bytes, Scale: 4}, pointer)
	}
	step(src, "srcTile")
	step(dst, "dstTile")
	asm.DECQ(tiles)
	asm.JNZ(LabelRef("tile"))
	asm.VZEROUPPER()
	asm.RET()
}

// combine returns Σ coefficient · value.
func (asm *generator) combine(coefficients []float64, values []reg.VecVirtual) reg.VecVirtual {
	var sum reg.VecVirtual
	first := slices.Index(coefficients, 1) // needs no multiplication
	if first >= 0 {
		sum = values[first]
	}
	for i, c := range coefficients {
		if c == 0 || i == first {
			continue
		}
		next := asm.Vector()
		switch {
		case sum == nil:
			asm.either(asm.VMULPS, asm.VMULPS_BCST)(asm.constant(float32(c)), values[i], next)
		case c == 1:
			asm.VADDPS(values[i], sum, next)
		case c == -1:
			asm.VSUBPS(values[i], sum, next)
		default:
			asm.VMOVAPS(sum, next)
			asm.either(asm.VFMADD231PS, asm.VFMADD231PS_BCST)(asm.constant(float32(c)), values[i], next)
		}
		sum = next
	}
	return sum
}

// either is the instruction that takes a constant from memory as vectors of AVX2 do, or the one that broadcasts it.
func (asm *generator) either(vector, broadcast func(...Op)) func(...Op) {
	if asm.Set == assembler.AVX512 {
		return broadcast
	}
	return vector
}
