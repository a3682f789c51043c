//go:build !amd64 || purego

package sim

import "unsafe"

func vectorized(table map[string]opcode) map[string]opcode { return table }

func vectorizedComparisons(table map[string]compareFunc) map[string]compareFunc { return table }

func offsets32(off, base *[32]uint32, add, m uint32) span { return offsets32Go(off, base, add, m) }

func offsets64(off *[32]uint32, base *[32]uint64, add uint64, m uint32) span {
	return offsets64Go(off, base, add, m)
}

func load32(dst *[32]uint32, buf []byte, off *[32]uint32, add, m uint32) {
	load32Go(dst, buf, off, add, m)
}

func lanesUnlike(base unsafe.Pointer, off *[32]uint32, add uint32, shift uint, x, y, m uint32) uint32 {
	return lanesUnlikeGo(base, off, add, shift, x, y, m)
}

func lanesAtLeast(base unsafe.Pointer, off *[32]uint32, add, limit, m uint32) uint32 {
	return lanesAtLeastGo(base, off, add, limit, m)
}

func rowsOf(element mmaElement, A *[16][16]float64, r *[32]uint32, row, column int) {
	rowsOfGo(element, A, r, row, column)
}

func columnsOf(element mmaElement, B *[16][8]float64, r *[32]uint32, row int) {
	columnsOfGo(element, B, r, row)
}

func mmaResults(d0, d1, c0, c1 *[32]uint32, sum [][8]float64) { mmaResultsGo(d0, d1, c0, c1, sum) }

func mmaSums(sum *[16][8]float64, A *[16][16]float64, B *[16][8]float64, k int) {
	mmaSumsGo(sum, A, B, k)
}
