package kernels

import sys "golang.org/x/sys/cpu"

//go:generate go run ./internal/tilegen -out tile_avx2_amd64.s

// CPUVariants lists the variants that this CPU can run, the fastest first.
func CPUVariants() []string {
	if sys.X86.HasAVX2 && sys.X86.HasFMA {
		return []string{avx2, portable}
	}
	return []string{portable}
}

// tileAVX2 computes the tile with AVX2 and FMA.
//
//go:noescape
func tileAVX2(t *tile)
