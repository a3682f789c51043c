package vector

import (
	"math"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// walk is what the methods of taps have in common: loops over windows, spans of channels, rows and columns.
type walk struct {
	field         func(name string) Mem
	values, index reg.Register   // of the span at hand
	tap           reg.VecVirtual // the index of the tap at hand, in all lanes
}

// visit writes what happens to a span of a window before the first tap, and returns what happens at each tap, whose channels lie at
// the place that it is given, and after the last.
type visit func(w walk, s span) (tap func(at Mem), end func())

func (asm generator) taps() {
	asm.write("maxTapsAVX2", extreme(assembler.NotLessOrEqual, math.Inf(-1)))
	asm.write("minTapsAVX2", extreme(assembler.NotGreaterOrEqual, math.Inf(1)))
	asm.write("averageTapsAVX2", average)
	asm.write("scatterTapsAVX2", scatter)
	asm.write("spreadTapsAVX2", spread)
}

func (asm generator) write(name string, visit visit) {
	asm.Implement(name)
	t := asm.Load(asm.Param("t"), asm.GP64())
	w := walk{field: asm.Fields("taps", t), values: asm.GP64(), index: asm.GP64(), tap: asm.YMM()}
	field := func(name string) reg.Register { return asm.Word(w.field(name)) }
	bytes := func(name string) reg.Register {
		r := field(name)
		asm.SHLQ(Imm(2), r)
		return r
	}
	asm.MOVQ(w.field("values"), w.values)
	asm.MOVQ(w.field("index"), w.index)
	window, windowsLeft := field("image"), field("windows")
	windowBytes, rowBytes, columnBytes := bytes("windowStep"), bytes("rowStep"), bytes("columnStep")
	minusOne, firstOfRow, step := asm.YMM(), asm.YMM(), asm.YMM()
	asm.VPCMPEQD(minusOne, minusOne, minusOne)

	asm.Label("window")
	corner, left := asm.GP64(), field("channels")
	asm.MOVQ(window, corner)
	for _, s := range asm.spans() {
		row, at := asm.GP64(), asm.GP64()
		asm.Label(s.name)
		asm.CMPQ(left, Imm(uint64(s.elements)))
		asm.JL(LabelRef(s.name + "_done"))
		asm.VPBROADCASTD(w.field("first"), firstOfRow)
		asm.VMOVDQU(firstOfRow, w.tap)
		tap, end := visit(w, s)
		asm.MOVQ(corner, row)
		rowsLeft := field("rows")

		asm.Label(s.name + "_row")
		asm.MOVQ(row, at)
		columnsLeft := field("columns")

		asm.Label(s.name + "_tap")
		tap(Mem{Base: at})
		asm.VPSUBD(minusOne, w.tap, w.tap)
		asm.ADDQ(columnBytes, at)
		asm.DECQ(columnsLeft)
		asm.JNZ(LabelRef(s.name + "_tap"))

		asm.VPBROADCASTD(w.field("rowTaps"), step)
		asm.VPADDD(step, firstOfRow, firstOfRow)
		asm.VMOVDQU(firstOfRow, w.tap)
		asm.ADDQ(rowBytes, row)
		asm.DECQ(rowsLeft)
		asm.JNZ(LabelRef(s.name + "_row"))

		end()
		asm.ADDQ(Imm(uint64(4*s.elements)), corner)
		asm.ADDQ(Imm(uint64(4*s.elements)), w.values)
		asm.SUBQ(Imm(uint64(s.elements)), left)
		asm.JMP(LabelRef(s.name))
		asm.Label(s.name + "_done")
	}
	asm.ADDQ(windowBytes, window)
	asm.DECQ(windowsLeft)
	asm.JNZ(LabelRef("window"))
	asm.VZEROUPPER()
	asm.RET()
}

// vector is the place of one of a span's vectors that begins at m.
func vector(m Mem, i int) Mem {
	m.Disp += 32 * i
	return m
}

// extreme takes the maximum or minimum: a value is taken if the predicate, which also holds for NaN, holds between it and the best so
// far, unless that is NaN. Nothing is beyond the worst value, but for what is taken anyway as the first.
func extreme(predicate uint64, worst float64) visit {
	return func(w walk, s span) (func(Mem), func()) {
		start := s.constant(math.Float32bits(float32(worst)))
		var best, where registers
		for range s.vectors {
			b, p := s.register(), s.register()
			s.VMOVUPS(s.narrow(start), b)
			s.VMOVDQU(s.narrow(w.tap), p)
			best, where = append(best, b), append(where, p)
		}
		tap := func(at Mem) {
			for i, b := range best {
				value := s.load(vector(at, i))
				isBetter := s.apply(s.VANDPS, s.compare(predicate, value, b), s.compare(assembler.Ordered, b, b))
				s.VBLENDVPS(isBetter, value, b, b)
				s.VBLENDVPS(isBetter, s.narrow(w.tap), where[i], where[i])
			}
		}
		end := func() {
			for i, b := range best {
				s.store(b, vector(Mem{Base: w.values}, i))
			}
			s.TESTQ(w.index, w.index)
			s.JZ(LabelRef(s.name + "_no_index"))
			for i, p := range where {
				s.store(p, vector(Mem{Base: w.index}, i))
			}
			s.ADDQ(Imm(uint64(4*s.elements)), w.index)
			s.Label(s.name + "_no_index")
		}
		return tap, end
	}
}

func average(w walk, s span) (func(Mem), func()) {
	var sums registers
	for range s.vectors {
		sums = append(sums, s.narrow(s.zeros()))
	}
	tap := func(at Mem) {
		for i, sum := range sums {
			s.VADDPS(s.load(vector(at, i)), sum, sum)
		}
	}
	end := func() {
		count := s.YMM()
		s.VBROADCASTSS(w.field("divisor"), count)
		for i, sum := range sums {
			s.store(s.apply(s.VDIVPS, sum, s.narrow(count)), vector(Mem{Base: w.values}, i))
		}
	}
	return tap, end
}

func scatter(w walk, s span) (func(Mem), func()) {
	var gradient, where registers
	for i := range s.vectors {
		gradient = append(gradient, s.load(vector(Mem{Base: w.values}, i)))
		where = append(where, s.load(vector(Mem{Base: w.index}, i)))
	}
	s.ADDQ(Imm(uint64(4*s.elements)), w.index)
	tap := func(at Mem) {
		for i, g := range gradient {
			isHere := s.register()
			s.VPCMPEQD(where[i], s.narrow(w.tap), isHere)
			share := s.apply(s.VANDPS, g, isHere)
			s.store(s.apply(s.VADDPS, s.load(vector(at, i)), share), vector(at, i))
		}
	}
	return tap, func() {}
}

func spread(w walk, s span) (func(Mem), func()) {
	scale, count := s.constant(one), s.YMM()
	s.VBROADCASTSS(w.field("divisor"), count)
	s.VDIVPS(count, scale, scale)
	var shares registers
	for i := range s.vectors {
		shares = append(shares, s.apply(s.VMULPS, s.load(vector(Mem{Base: w.values}, i)), s.narrow(scale)))
	}
	tap := func(at Mem) {
		for i, share := range shares {
			s.store(s.apply(s.VADDPS, s.load(vector(at, i)), share), vector(at, i))
		}
	}
	return tap, func() {}
}
