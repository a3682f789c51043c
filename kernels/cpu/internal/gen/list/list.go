// Package list writes the assembly that lists what is not zero; see lister in package cpu.
package list

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"cnn-gpu/kernels/cpu/internal/gen/assembler"
)

// lanes is how many values are listed at a time.
const lanes = 8

// generator holds the fields of the lister of the function at hand.
type generator struct {
	*assembler.Assembler
	field func(name string) Mem
}

func (asm *generator) implement(name string) {
	asm.Implement(name)
	asm.field = asm.Fields("lister", asm.Load(asm.Param("l"), asm.GP64()))
}

func (asm *generator) load(field string) reg.GPVirtual { return asm.Word(asm.field(field)) }

// Write writes the functions.
func Write(asm *assembler.Assembler) {
	asm.Expect("listerVector", lanes)
	g := &generator{Assembler: asm}
	g.writePlaces()
	g.writeFilters()
}

// keep writes the lanes of two vectors that a mask has to the ends of two lists, and moves the end.
func (asm *generator) keep(mask reg.VecVirtual, places, values reg.VecVirtual, compressions, placesList, valuesList, end reg.GPVirtual) {
	bits, permutation := asm.GP64(), asm.YMM()
	asm.VMOVMSKPS(mask, bits.As32())
	at := asm.GP64()
	asm.MOVQ(bits, at)
	asm.SHLQ(Imm(5), at)
	asm.VMOVDQU(Mem{Base: compressions, Index: at, Scale: 1}, permutation)
	keptPlaces, keptValues := asm.YMM(), asm.YMM()
	asm.VPERMD(places, permutation, keptPlaces)
	asm.VPERMPS(values, permutation, keptValues)
	asm.VMOVDQU(keptPlaces, Mem{Base: placesList, Index: end, Scale: 4})
	asm.VMOVUPS(keptValues, Mem{Base: valuesList, Index: end, Scale: 4})
	asm.POPCNTL(bits.As32(), bits.As32())
	asm.ADDQ(bits, end)
}

// writePlaces lists the filters at each place of each window, eight filters at a time.
func (asm *generator) writePlaces() {
	asm.implement("listPlacesAVX2")
	values, index := asm.load("values"), asm.load("index")
	list, valuesList, ends, compressions := asm.load("placeFilters"), asm.load("placeValues"), asm.load("placeEnds"), asm.load("compressions")
	// The places of filters 0 to 7, and how far on the next eight are.
	first, step := asm.YMM(), asm.YMM()
	asm.VPBROADCASTD(asm.field("filterSize"), step)
	indices := asm.Lanes("listLanes", lanes, func(lane int) uint32 { return uint32(lane) })
	asm.VPMULLD(indices, step, first)
	asm.VPSLLD(Imm(3), step, step)

	asm.Label("window")
	place, wanted := asm.GP64(), asm.YMM()
	asm.XORQ(place, place)
	asm.Label("place")
	asm.VMOVD(place.As32(), wanted.AsX())
	asm.VPBROADCASTD(wanted.AsX(), wanted)
	k, end, filter := asm.GP64(), asm.GP64(), asm.YMM()
	asm.XORQ(k, k)
	asm.MOVL(Mem{Base: ends, Index: place, Scale: 4}, end.As32())
	asm.VMOVDQA(first, filter)
	asm.Label("filter")
	v, here, mask, zero := asm.YMM(), asm.YMM(), asm.YMM(), asm.YMM()
	asm.VMOVUPS(Mem{Base: values, Index: k, Scale: 4}, v)
	asm.VXORPS(zero, zero, zero)
	asm.VCMPPS(Imm(assembler.NotEqual), zero, v, mask)
	asm.VPCMPEQD(Mem{Base: index, Index: k, Scale: 4}, wanted, here)
	asm.VPAND(here, mask, mask)
	asm.keep(mask, filter, v, compressions, list, valuesList, end)
	asm.VPADDD(step, filter, filter)
	asm.ADDQ(Imm(lanes), k)
	asm.CMPQ(k, asm.field("filters"))
	asm.JL(LabelRef("filter"))
	asm.MOVL(end.As32(), Mem{Base: ends, Index: place, Scale: 4})
	asm.INCQ(place)
	asm.CMPQ(place, asm.field("area"))
	asm.JL(LabelRef("place"))
	asm.LEAQ(Mem{Base: values, Index: k, Scale: 4}, values)
	asm.LEAQ(Mem{Base: index, Index: k, Scale: 4}, index)
	asm.LEAQ(Mem{Base: ends, Index: place, Scale: 4}, ends)
	asm.DECQ(asm.field("windows"))
	asm.JNZ(LabelRef("window"))
	asm.VZEROUPPER()
	asm.RET()
}

// writeFilters lists the places of each filter, eight windows and eight filters at a time. The last eight windows may overlap the ones
// before; the lanes of those are left out.
func (asm *generator) writeFilters() {
	asm.implement("listFiltersAVX2")
	transposed := asm.AllocLocal(2 * lanes * lanes * 4) // places and values by filter
	window := asm.GP64()
	asm.XORQ(window, window)

	asm.Label("windows")
	begin, skip := asm.GP64(), asm.GP64()
	asm.MOVQ(asm.field("windows"), begin)
	asm.SUBQ(Imm(lanes), begin)
	asm.CMPQ(begin, window)
	asm.CMOVQGT(window, begin)
	asm.MOVQ(window, skip)
	asm.SUBQ(begin, skip)
	k := asm.GP64()
	asm.XORQ(k, k)

	asm.Label("filters")
	filters := asm.load("filters")
	at := asm.GP64()
	asm.MOVQ(begin, at)
	asm.IMULQ(filters, at)
	asm.ADDQ(k, at)
	index, values, places, area := asm.load("index"), asm.load("values"), asm.load("places"), asm.load("area")
	asm.LEAQ(Mem{Base: index, Index: at, Scale: 4}, index)
	asm.LEAQ(Mem{Base: values, Index: at, Scale: 4}, values)
	asm.MOVQ(begin, at)
	asm.IMULQ(area, at)
	asm.LEAQ(Mem{Base: places, Index: at, Scale: 4}, places)
	rows := make([]reg.VecVirtual, lanes)
	for i := range rows {
		rows[i] = asm.YMM()
		asm.VMOVDQU(Mem{Base: index}, rows[i])
		asm.VPERMD(Mem{Base: places}, rows[i], rows[i])
		asm.LEAQ(Mem{Base: index, Index: filters, Scale: 4}, index)
		asm.LEAQ(Mem{Base: places, Index: area, Scale: 4}, places)
	}
	for i, row := range asm.transpose(rows) {
		asm.VMOVUPS(row, transposed.Offset(32*i))
	}
	for i := range rows {
		rows[i] = asm.YMM()
		asm.VMOVUPS(Mem{Base: values}, rows[i])
		asm.LEAQ(Mem{Base: values, Index: filters, Scale: 4}, values)
	}
	for i, row := range asm.transpose(rows) {
		asm.VMOVUPS(row, transposed.Offset(32*(lanes+i)))
	}

	list, valuesList, ends, compressions := asm.load("filterPlaces"), asm.load("filterValues"), asm.load("filterEnds"), asm.load("compressions")
	asm.LEAQ(Mem{Base: ends, Index: k, Scale: 4}, ends)
	zero, fresh := asm.YMM(), asm.YMM()
	asm.VXORPS(zero, zero, zero)
	// A lane is fresh unless its index is below skip.
	asm.VMOVD(skip.As32(), fresh.AsX())
	asm.VPBROADCASTD(fresh.AsX(), fresh)
	asm.VPCMPGTD(NewDataAddr(Symbol{Name: "listLanes", Static: true}, 0), fresh, fresh)
	for i := range lanes {
		placesRow, v, mask, end := asm.YMM(), asm.YMM(), asm.YMM(), asm.GP64()
		asm.VMOVDQU(transposed.Offset(32*i), placesRow)
		asm.VMOVUPS(transposed.Offset(32*(lanes+i)), v)
		asm.VCMPPS(Imm(assembler.NotEqual), zero, v, mask)
		asm.VPANDN(mask, fresh, mask)
		asm.MOVL(Mem{Base: ends, Disp: 4 * i}, end.As32())
		asm.keep(mask, placesRow, v, compressions, list, valuesList, end)
		asm.MOVL(end.As32(), Mem{Base: ends, Disp: 4 * i})
	}
	asm.ADDQ(Imm(lanes), k)
	asm.CMPQ(k, asm.field("filters"))
	asm.JL(LabelRef("filters"))
	asm.ADDQ(Imm(lanes), window)
	asm.CMPQ(window, asm.field("windows"))
	asm.JL(LabelRef("windows"))
	asm.VZEROUPPER()
	asm.RET()
}

// transpose returns the columns of eight rows of eight.
func (asm *generator) transpose(rows []reg.VecVirtual) []reg.VecVirtual {
	pair := func(in []reg.VecVirtual, join func(a, b, low, high reg.VecVirtual), distance int) []reg.VecVirtual {
		out := make([]reg.VecVirtual, lanes)
		for i := range in {
			if i&distance == 0 {
				out[i], out[i+distance] = asm.YMM(), asm.YMM()
				join(in[i], in[i+distance], out[i], out[i+distance])
			}
		}
		return out
	}
	interleave := func(a, b, low, high reg.VecVirtual) {
		asm.VUNPCKLPS(b, a, low)
		asm.VUNPCKHPS(b, a, high)
	}
	rows = pair(rows, func(a, b, low, high reg.VecVirtual) {
		asm.VPERM2F128(Imm(0x20), b, a, low)
		asm.VPERM2F128(Imm(0x31), b, a, high)
	}, 4)
	return pair(pair(rows, interleave, 2), interleave, 1)
}
