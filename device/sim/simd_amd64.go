//go:build amd64 && !purego

package sim

import (
	"maps"
	"unsafe"

	"golang.org/x/sys/cpu"
)

var useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// vectorized puts the AVX2 functions in the places of their twins.
func vectorized(table map[string]opcode) map[string]opcode {
	if !useAVX2 {
		return table
	}
	table = maps.Clone(table)
	for name, exec := range simdExec {
		op := table[name]
		op.exec = exec
		table[name] = op
	}
	return table
}

func vectorizedComparisons(table map[string]compareFunc) map[string]compareFunc {
	if !useAVX2 {
		return table
	}
	table = maps.Clone(table)
	maps.Copy(table, simdCompare)
	return table
}

//go:noescape
func offsets32AVX2(off, base *[32]uint32, add, first, m uint32, s *span)

//go:noescape
func offsets64AVX2(off *[32]uint32, base *[32]uint64, add, first uint64, m uint32, s *span)

//go:noescape
func load32AVX2(dst *[32]uint32, base *byte, off *[32]uint32, add, m uint32)

//go:noescape
func lanesUnlikeAVX2(base unsafe.Pointer, off *[32]uint32, add uint32, shift uint, x, y, m uint32) uint32

//go:noescape
func lanesAtLeastAVX2(base unsafe.Pointer, off *[32]uint32, add, limit, m uint32) uint32

//go:noescape
func mmaSumsAVX2(sum *[16][8]float64, a *[16][16]float64, b *[16][8]float64, k int)

//go:noescape
func rowsBF16AVX2(to *float64, r *[32]uint32)

//go:noescape
func columnsBF16AVX2(to *float64, r *[32]uint32)

//go:noescape
func rowsF16AVX2(to *float64, r *[32]uint32)

//go:noescape
func columnsF16AVX2(to *float64, r *[32]uint32)

//go:noescape
func rowsTF32AVX2(to *float64, r *[32]uint32)

//go:noescape
func columnsTF32AVX2(to *float64, r *[32]uint32)

//go:noescape
func mmaResultsAVX2(d0, d1, c0, c1 *[32]uint32, sum *[8]float64)

func rowsOf(element mmaElement, A *[16][16]float64, r *[32]uint32, row, column int) {
	switch {
	case useAVX2 && element == elementBF16:
		rowsBF16AVX2(&A[row][column], r)
	case useAVX2 && element == elementF16:
		rowsF16AVX2(&A[row][column], r)
	case useAVX2 && element == elementTF32:
		rowsTF32AVX2(&A[row][column], r)
	default:
		rowsOfGo(element, A, r, row, column)
	}
}

func columnsOf(element mmaElement, B *[16][8]float64, r *[32]uint32, row int) {
	switch {
	case useAVX2 && element == elementBF16:
		columnsBF16AVX2(&B[row][0], r)
	case useAVX2 && element == elementF16:
		columnsF16AVX2(&B[row][0], r)
	case useAVX2 && element == elementTF32:
		columnsTF32AVX2(&B[row][0], r)
	default:
		columnsOfGo(element, B, r, row)
	}
}

func mmaResults(d0, d1, c0, c1 *[32]uint32, sum [][8]float64) {
	if !useAVX2 {
		mmaResultsGo(d0, d1, c0, c1, sum)
		return
	}
	mmaResultsAVX2(d0, d1, c0, c1, &sum[0])
}

func offsets32(off, base *[32]uint32, add, m uint32) (s span) {
	if !useAVX2 {
		return offsets32Go(off, base, add, m)
	}
	offsets32AVX2(off, base, add, base[lowest(m)]+add, m, &s)
	return s
}

func offsets64(off *[32]uint32, base *[32]uint64, add uint64, m uint32) (s span) {
	if !useAVX2 {
		return offsets64Go(off, base, add, m)
	}
	offsets64AVX2(off, base, add, base[lowest(m)]+add, m, &s)
	return s
}

// load32 takes the gathers for offsets that they understand as signed numbers.
func load32(dst *[32]uint32, buf []byte, off *[32]uint32, add, m uint32) {
	if !useAVX2 || uint64(len(buf)) > 1<<31 {
		load32Go(dst, buf, off, add, m)
		return
	}
	load32AVX2(dst, &buf[0], off, add, m)
}

func lanesUnlike(base unsafe.Pointer, off *[32]uint32, add uint32, shift uint, x, y, m uint32) uint32 {
	if !useAVX2 {
		return lanesUnlikeGo(base, off, add, shift, x, y, m)
	}
	return lanesUnlikeAVX2(base, off, add, shift, x, y, m)
}

func lanesAtLeast(base unsafe.Pointer, off *[32]uint32, add, limit, m uint32) uint32 {
	if !useAVX2 {
		return lanesAtLeastGo(base, off, add, limit, m)
	}
	return lanesAtLeastAVX2(base, off, add, limit, m)
}

func mmaSums(sum *[16][8]float64, a *[16][16]float64, b *[16][8]float64, k int) {
	if !useAVX2 {
		mmaSumsGo(sum, a, b, k)
		return
	}
	mmaSumsAVX2(sum, a, b, k)
}
