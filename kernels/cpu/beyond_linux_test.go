package cpu

import (
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// fenced is memory with [kernels.Beyond] values behind it, and behind those what nobody may touch.
func fenced(t *testing.T, elements int) []float32 {
	page := syscall.Getpagesize()
	size := kernels.CeilDiv((elements+kernels.Beyond)*4, page) * page
	memory, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Munmap(memory)) })
	require.NoError(t, syscall.Mprotect(memory[size:], syscall.PROT_NONE))
	return unsafe.Slice((*float32)(unsafe.Pointer(&memory[0])), size/4)[size/4-elements-kernels.Beyond:][:elements:elements]
}

// Factors that are read where they lie are read in whole vectors, but no further than any memory goes: the test would crash.
func TestReadsNotFarBeyond(t *testing.T) {
	onEachVariant(t, func(t *testing.T) {
		w := NewWorkers(1)
		defer w.Close()
		for _, size := range []int{1, 3} {
			for _, c := range []int{1, 3, 15, 17, 32, 33} {
				for _, k := range []int{1, 3, 15, 17, 31, 33, 49} {
					window, err := kernels.NewWindow([2]int{size + 10, size + 8}, [2]int{size, size}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid)
					require.NoError(t, err)
					g := kernels.Conv2D{N: 2, C: c, K: k, Window: window}
					code := conv2DWgrad{Conv2DWgrad: kernels.Conv2DWgrad{Conv2D: g}}.prepare(1)
					w.Reserve(code.Scratch)
					mem := []kernels.Mem{{F32: fenced(t, g.Inputs())}, {F32: fenced(t, g.Outputs())}, {F32: fenced(t, g.Weights())}}
					code.Run(mem, w)
				}
			}
		}
	})
}
