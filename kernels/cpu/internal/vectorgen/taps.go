package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of taps lie; a test in package cpu holds these against the struct.
const (
	image      = 0
	values     = 24
	index      = 48
	windows    = 72
	channels   = 80
	rows       = 88
	columns    = 96
	windowStep = 104
	rowStep    = 112
	columnStep = 120
	first      = 128
	rowTaps    = 136
	divisor    = 144
)

// walk is what the methods of taps have in common: loops over windows, spans of channels, rows and columns.
type walk struct {
	field         func(offset int) Mem
	values, index reg.Register   // of the span at hand
	tap           reg.VecVirtual // the number of the tap at hand, in all lanes
}

// visit writes what happens to a span of a window before the first tap, and returns what happens at each tap, whose channels lie at
// the place that it is given, and after the last.
type visit func(w walk, s span) (tap func(at Mem), end func())

func taps() {
	write("maxTapsAVX2", extreme(notLessOrEqual, math.Inf(-1)))
	write("minTapsAVX2", extreme(notGreaterOrEqual, math.Inf(1)))
	write("averageTapsAVX2", average)
	write("scatterTapsAVX2", scatter)
	write("spreadTapsAVX2", spread)
}

func write(name string, visit visit) {
	Implement(name)
	t := Load(Param("t"), GP64())
	w := walk{field: func(offset int) Mem { return Mem{Base: t, Disp: offset} }, values: GP64(), index: GP64(), tap: YMM()}
	field := func(offset int) reg.Register {
		r := GP64()
		MOVQ(w.field(offset), r)
		return r
	}
	bytes := func(offset int) reg.Register {
		r := field(offset)
		SHLQ(Imm(2), r)
		return r
	}
	MOVQ(w.field(values), w.values)
	MOVQ(w.field(index), w.index)
	window, windowsLeft := field(image), field(windows)
	windowBytes, rowBytes, columnBytes := bytes(windowStep), bytes(rowStep), bytes(columnStep)
	minusOne, firstOfRow, step := YMM(), YMM(), YMM()
	VPCMPEQD(minusOne, minusOne, minusOne)

	Label("window")
	corner, left := GP64(), field(channels)
	MOVQ(window, corner)
	for _, s := range spans {
		row, at := GP64(), GP64()
		Label(s.name)
		CMPQ(left, Imm(uint64(s.elements)))
		JL(LabelRef(s.name + "_done"))
		VPBROADCASTD(w.field(first), firstOfRow)
		VMOVDQU(firstOfRow, w.tap)
		tap, end := visit(w, s)
		MOVQ(corner, row)
		rowsLeft := field(rows)

		Label(s.name + "_row")
		MOVQ(row, at)
		columnsLeft := field(columns)

		Label(s.name + "_tap")
		tap(Mem{Base: at})
		VPSUBD(minusOne, w.tap, w.tap)
		ADDQ(columnBytes, at)
		DECQ(columnsLeft)
		JNZ(LabelRef(s.name + "_tap"))

		VPBROADCASTD(w.field(rowTaps), step)
		VPADDD(step, firstOfRow, firstOfRow)
		VMOVDQU(firstOfRow, w.tap)
		ADDQ(rowBytes, row)
		DECQ(rowsLeft)
		JNZ(LabelRef(s.name + "_row"))

		end()
		ADDQ(Imm(uint64(4*s.elements)), corner)
		ADDQ(Imm(uint64(4*s.elements)), w.values)
		SUBQ(Imm(uint64(s.elements)), left)
		JMP(LabelRef(s.name))
		Label(s.name + "_done")
	}
	ADDQ(windowBytes, window)
	DECQ(windowsLeft)
	JNZ(LabelRef("window"))
	VZEROUPPER()
	RET()
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
		start := constant(math.Float32bits(float32(worst)))
		var best, where registers
		for range s.vectors {
			b, p := s.register(), s.register()
			VMOVUPS(s.narrow(start), b)
			VMOVDQU(s.narrow(w.tap), p)
			best, where = append(best, b), append(where, p)
		}
		tap := func(at Mem) {
			for i, b := range best {
				value := s.load(vector(at, i))
				isBetter := s.of(VANDPS, s.compare(predicate, value, b), s.compare(ordered, b, b))
				VBLENDVPS(isBetter, value, b, b)
				VBLENDVPS(isBetter, s.narrow(w.tap), where[i], where[i])
			}
		}
		end := func() {
			for i, b := range best {
				s.store(b, vector(Mem{Base: w.values}, i))
			}
			TESTQ(w.index, w.index)
			JZ(LabelRef(s.name + "_no_index"))
			for i, p := range where {
				s.store(p, vector(Mem{Base: w.index}, i))
			}
			ADDQ(Imm(uint64(4*s.elements)), w.index)
			Label(s.name + "_no_index")
		}
		return tap, end
	}
}

func average(w walk, s span) (func(Mem), func()) {
	var sums registers
	for range s.vectors {
		sums = append(sums, s.narrow(zeros()))
	}
	tap := func(at Mem) {
		for i, sum := range sums {
			VADDPS(s.load(vector(at, i)), sum, sum)
		}
	}
	end := func() {
		count := YMM()
		VBROADCASTSS(w.field(divisor), count)
		for i, sum := range sums {
			s.store(s.of(VDIVPS, sum, s.narrow(count)), vector(Mem{Base: w.values}, i))
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
	ADDQ(Imm(uint64(4*s.elements)), w.index)
	tap := func(at Mem) {
		for i, g := range gradient {
			isHere := s.register()
			VPCMPEQD(where[i], s.narrow(w.tap), isHere)
			share := s.of(VANDPS, g, isHere)
			s.store(s.of(VADDPS, s.load(vector(at, i)), share), vector(at, i))
		}
	}
	return tap, func() {}
}

func spread(w walk, s span) (func(Mem), func()) {
	scale, count := constant(one), YMM()
	VBROADCASTSS(w.field(divisor), count)
	VDIVPS(count, scale, scale)
	var shares registers
	for i := range s.vectors {
		shares = append(shares, s.of(VMULPS, s.load(vector(Mem{Base: w.values}, i)), s.narrow(scale)))
	}
	tap := func(at Mem) {
		for i, share := range shares {
			s.store(s.of(VADDPS, s.load(vector(at, i)), share), vector(at, i))
		}
	}
	return tap, func() {}
}
