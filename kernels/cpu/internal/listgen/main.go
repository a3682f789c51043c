// Command listgen writes the assembly that lists what is not zero; see lister in package cpu.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a lister lie; a test in package cpu holds these against the struct.
const (
	fieldValues       = 0
	fieldIndex        = 24
	fieldPlaces       = 48
	fieldFilterPlaces = 72
	fieldFilterValues = 96
	fieldFilterEnds   = 120
	fieldPlaceFilters = 144
	fieldPlaceValues  = 168
	fieldPlaceEnds    = 192
	fieldCompressions = 216
	fieldWindows      = 224
	fieldArea         = 232
	fieldFilters      = 240
	fieldFilterSize   = 248
)

const lanes = 8

var l reg.Register

func load(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: l, Disp: offset}, r)
	return r
}

func main() {
	Package("cnn-gpu/kernels/cpu")
	writePlaces()
	writeFilters()
	Generate()
}

// notEqual is the comparison that holds for NaN too.
const notEqual = 4

// keep writes the lanes of two vectors that a mask has to the ends of two lists, and moves the end.
func keep(mask reg.VecVirtual, places, values reg.VecVirtual, compressions, placesList, valuesList, end reg.GPVirtual) {
	bits, permutation := GP64(), YMM()
	VMOVMSKPS(mask, bits.As32())
	at := GP64()
	MOVQ(bits, at)
	SHLQ(Imm(5), at)
	VMOVDQU(Mem{Base: compressions, Index: at, Scale: 1}, permutation)
	keptPlaces, keptValues := YMM(), YMM()
	VPERMD(places, permutation, keptPlaces)
	VPERMPS(values, permutation, keptValues)
	VMOVDQU(keptPlaces, Mem{Base: placesList, Index: end, Scale: 4})
	VMOVUPS(keptValues, Mem{Base: valuesList, Index: end, Scale: 4})
	POPCNTL(bits.As32(), bits.As32())
	ADDQ(bits, end)
}

// writePlaces lists the filters at each place of each window, eight filters at a time.
func writePlaces() {
	Implement("listPlacesAVX2")
	l = Load(Param("l"), GP64())
	values, index := load(fieldValues), load(fieldIndex)
	list, valuesList, ends, compressions := load(fieldPlaceFilters), load(fieldPlaceValues), load(fieldPlaceEnds), load(fieldCompressions)
	// The places of filters 0 to 7, and how far on the next eight are.
	first, step := YMM(), YMM()
	VPBROADCASTD(Mem{Base: l, Disp: fieldFilterSize}, step)
	numbers := GLOBL("listLanes", RODATA|NOPTR)
	for i := range lanes {
		DATA(4*i, U32(i))
	}
	VPMULLD(numbers, step, first)
	VPSLLD(Imm(3), step, step)

	Label("window")
	place, wanted := GP64(), YMM()
	XORQ(place, place)
	Label("place")
	VMOVD(place.As32(), wanted.AsX())
	VPBROADCASTD(wanted.AsX(), wanted)
	k, end, filter := GP64(), GP64(), YMM()
	XORQ(k, k)
	MOVL(Mem{Base: ends, Index: place, Scale: 4}, end.As32())
	VMOVDQA(first, filter)
	Label("filter")
	v, here, mask, zero := YMM(), YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: values, Index: k, Scale: 4}, v)
	VXORPS(zero, zero, zero)
	VCMPPS(Imm(notEqual), zero, v, mask)
	VPCMPEQD(Mem{Base: index, Index: k, Scale: 4}, wanted, here)
	VPAND(here, mask, mask)
	keep(mask, filter, v, compressions, list, valuesList, end)
	VPADDD(step, filter, filter)
	ADDQ(Imm(lanes), k)
	CMPQ(k, Mem{Base: l, Disp: fieldFilters})
	JL(LabelRef("filter"))
	MOVL(end.As32(), Mem{Base: ends, Index: place, Scale: 4})
	INCQ(place)
	CMPQ(place, Mem{Base: l, Disp: fieldArea})
	JL(LabelRef("place"))
	LEAQ(Mem{Base: values, Index: k, Scale: 4}, values)
	LEAQ(Mem{Base: index, Index: k, Scale: 4}, index)
	LEAQ(Mem{Base: ends, Index: place, Scale: 4}, ends)
	DECQ(Mem{Base: l, Disp: fieldWindows})
	JNZ(LabelRef("window"))
	VZEROUPPER()
	RET()
}

// writeFilters lists the places of each filter, eight windows and eight filters at a time. The last eight windows may overlap the ones
// before; the lanes of those are left out.
func writeFilters() {
	Implement("listFiltersAVX2")
	l = Load(Param("l"), GP64())
	transposed := AllocLocal(2 * lanes * lanes * 4) // places and values by filter
	window := GP64()
	XORQ(window, window)

	Label("windows")
	begin, skip := GP64(), GP64()
	MOVQ(Mem{Base: l, Disp: fieldWindows}, begin)
	SUBQ(Imm(lanes), begin)
	CMPQ(begin, window)
	CMOVQGT(window, begin)
	MOVQ(window, skip)
	SUBQ(begin, skip)
	k := GP64()
	XORQ(k, k)

	Label("filters")
	filters := load(fieldFilters)
	at := GP64()
	MOVQ(begin, at)
	IMULQ(filters, at)
	ADDQ(k, at)
	index, values, places, area := load(fieldIndex), load(fieldValues), load(fieldPlaces), load(fieldArea)
	LEAQ(Mem{Base: index, Index: at, Scale: 4}, index)
	LEAQ(Mem{Base: values, Index: at, Scale: 4}, values)
	MOVQ(begin, at)
	IMULQ(area, at)
	LEAQ(Mem{Base: places, Index: at, Scale: 4}, places)
	rows := make([]reg.VecVirtual, lanes)
	for i := range rows {
		rows[i] = YMM()
		VMOVDQU(Mem{Base: index}, rows[i])
		VPERMD(Mem{Base: places}, rows[i], rows[i])
		LEAQ(Mem{Base: index, Index: filters, Scale: 4}, index)
		LEAQ(Mem{Base: places, Index: area, Scale: 4}, places)
	}
	for i, row := range transpose(rows) {
		VMOVUPS(row, transposed.Offset(32*i))
	}
	for i := range rows {
		rows[i] = YMM()
		VMOVUPS(Mem{Base: values}, rows[i])
		LEAQ(Mem{Base: values, Index: filters, Scale: 4}, values)
	}
	for i, row := range transpose(rows) {
		VMOVUPS(row, transposed.Offset(32*(lanes+i)))
	}

	list, valuesList, ends, compressions := load(fieldFilterPlaces), load(fieldFilterValues), load(fieldFilterEnds), load(fieldCompressions)
	LEAQ(Mem{Base: ends, Index: k, Scale: 4}, ends)
	zero, fresh := YMM(), YMM()
	VXORPS(zero, zero, zero)
	// A lane is fresh unless its number is below skip.
	VMOVD(skip.As32(), fresh.AsX())
	VPBROADCASTD(fresh.AsX(), fresh)
	VPCMPGTD(NewDataAddr(Symbol{Name: "listLanes", Static: true}, 0), fresh, fresh)
	for i := range lanes {
		placesRow, v, mask, end := YMM(), YMM(), YMM(), GP64()
		VMOVDQU(transposed.Offset(32*i), placesRow)
		VMOVUPS(transposed.Offset(32*(lanes+i)), v)
		VCMPPS(Imm(notEqual), zero, v, mask)
		VPANDN(mask, fresh, mask)
		MOVL(Mem{Base: ends, Disp: 4 * i}, end.As32())
		keep(mask, placesRow, v, compressions, list, valuesList, end)
		MOVL(end.As32(), Mem{Base: ends, Disp: 4 * i})
	}
	ADDQ(Imm(lanes), k)
	CMPQ(k, Mem{Base: l, Disp: fieldFilters})
	JL(LabelRef("filters"))
	ADDQ(Imm(lanes), window)
	CMPQ(window, Mem{Base: l, Disp: fieldWindows})
	JL(LabelRef("windows"))
	VZEROUPPER()
	RET()
}

// transpose returns the columns of eight rows of eight.
func transpose(rows []reg.VecVirtual) []reg.VecVirtual {
	pair := func(in []reg.VecVirtual, join func(a, b, low, high reg.VecVirtual), distance int) []reg.VecVirtual {
		out := make([]reg.VecVirtual, lanes)
		for i := range in {
			if i&distance == 0 {
				out[i], out[i+distance] = YMM(), YMM()
				join(in[i], in[i+distance], out[i], out[i+distance])
			}
		}
		return out
	}
	interleave := func(a, b, low, high reg.VecVirtual) {
		VUNPCKLPS(b, a, low)
		VUNPCKHPS(b, a, high)
	}
	rows = pair(rows, func(a, b, low, high reg.VecVirtual) {
		VPERM2F128(Imm(0x20), b, a, low)
		VPERM2F128(Imm(0x31), b, a, high)
	}, 4)
	return pair(pair(rows, interleave, 2), interleave, 1)
}
