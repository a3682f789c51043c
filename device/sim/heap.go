package sim

import "cnn-gpu/device/sim/ptx"

// The heap of device code: malloc and free, of which new and delete are made ("Dynamic Global Memory Allocation" in the CUDA programming guide).
// Every allocation is one of the device's own, so that a step out of it and a use after free are found as for the host's.

// heapBytes is what all that malloc gave may have together: the default of CU_LIMIT_MALLOC_HEAP_SIZE.
const heapBytes = 8 << 20

// heapRegions is how many regions of addresses the heap takes before it uses those of freed memory again, the oldest first.
const heapRegions = 1 << 16

type heap struct {
	live  uint64 // bytes
	taken int    // regions
	freed []*allocation
}

// allocate gives memory of the heap, or nil if there is no more.
func (d *Device) allocate(bytes uint64) *allocation {
	h := &d.heap
	if bytes == 0 || bytes > heapBytes || h.live+bytes > heapBytes {
		return nil
	}
	var a *allocation
	if h.taken < heapRegions || len(h.freed) == 0 {
		var err error
		if a, err = d.mem.add("", bytes); err != nil {
			return nil
		}
		h.taken++
	} else {
		old := h.freed[0]
		h.freed = h.freed[1:]
		a = &allocation{addr: old.addr, size: bytes}
		d.mem.replace(old, a)
	}
	a.heap = true
	h.live += bytes
	return a
}

// release frees memory of the heap. The text says what is wrong with the address.
func (d *Device) release(ptr uint64) (problem string) {
	r := ptr>>32 - d.mem.base
	if r >= uint64(len(d.mem.regions)) {
		return "it is not an address that malloc gave"
	}
	a := d.mem.regions[r]
	switch {
	case !a.heap:
		return "the memory does not come from malloc in a kernel"
	case a.freed:
		return "the memory was freed before"
	case ptr != a.addr:
		return "it lies within the memory that malloc gave, not at its start"
	}
	d.heap.live -= a.size
	d.heap.freed = append(d.heap.freed, a)
	d.mem.drop(a)
	return ""
}

// decodeMalloc: malloc(bytes) gives an address, or 0 where the heap has no more.
func decodeMalloc(d *decoder, in *inst, s *ptx.Instruction) {
	d.callOperands(in, s)
	if len(s.Operands[0].Elements) != 1 || len(in.list) != 1 {
		d.fail("malloc takes one parameter and returns one")
	}
	in.d = d.address(s.Operands[0].Elements[0].Variable, 0, 'q')
	d.k.ordered = true // addresses depend on the order
}

func execMalloc(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		a := w.b.d.allocate(le.Uint64(w.parameter(in.list[0], i)))
		if a == nil {
			w.b.traffic.HeapRefused++
			w.setResult(in.d, i, 8, 0)
			continue
		}
		w.b.traffic.HeapAllocations++
		w.setResult(in.d, i, 8, a.addr)
	}
}

// decodeFree: free(pointer).
func decodeFree(d *decoder, in *inst, s *ptx.Instruction) {
	d.callOperands(in, s)
	if len(in.list) != 1 {
		d.fail("free takes one parameter")
	}
	d.k.ordered = true
}

func execFree(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		ptr := le.Uint64(w.parameter(in.list[0], i))
		if ptr == 0 {
			continue
		}
		if problem := w.b.d.release(ptr); problem != "" {
			w.fault(BadFree, i, "free of %#x: %s", ptr, problem)
		}
		w.b.traffic.HeapFrees++
	}
}
