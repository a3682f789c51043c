package sim

import (
	"maps"
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// ArithmeticNames lists the rows of the instruction table that gen/alu wrote.
func ArithmeticNames() []string { return slices.Sorted(maps.Keys(arithmetic)) }

// ComparisonNames lists the comparisons of setp and set, "lt.s32".
func ComparisonNames() []string { return slices.Sorted(maps.Keys(comparisons)) }

// InstructionNames lists all rows of the instruction table and the system's functions.
func InstructionNames() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(instructions)), slices.Collect(maps.Keys(systemCalls)))))
}

// RowOf is the name of the row that an instruction is found by.
func RowOf(op *ptx.Opcode) string {
	names := []string{op.Text, op.Name}
	if len(op.Modifiers) > 0 {
		names = slices.Insert(names, 1, op.Name+"."+op.Modifiers[0])
	}
	for _, name := range names {
		if _, known := instructions[name]; known {
			return name
		}
	}
	return ""
}

// MultiplyNames lists the forms of mma and wmma.mma, "mma.sync.aligned.m16n8k8...".
func MultiplyNames() []string { return slices.Sorted(maps.Keys(mmaShapes())) }

// AtomicNames lists the operations of atom and red with their types, "add.u32".
func AtomicNames() []string { return slices.Sorted(maps.Keys(atomicOps)) }

// WMMAAccessNames lists the forms of wmma.load and wmma.store without layout and space, "wmma.load.a.m16n16k16.f16".
func WMMAAccessNames() []string { return wmmaAccesses() }

// TensorRate gives the operations a cycle of one form of mma on a multiprocessor.
func TensorRate(c Chip, element, accumulator string) float64 {
	return c.tensorRate(TensorCount{Type: element, Accumulator: accumulator})
}

// Cache is the cache of the estimate.
type Cache = cache

var NewCache = newCache

// Bring is what the cache does with each access.
func (c *cache) Bring(line uint64, sectors uint8) uint8 { return c.bring(line, sectors) }
