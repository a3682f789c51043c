package sim

import "cnn-gpu/device/sim/ptx"

// Only arrays that a kernel may write can have races, and most are only read. Which parameters may be the base of an address that is
// written follows from how registers flow into each other, whatever the control flow. A pointer that is loaded from memory may point anywhere; variables
// are always taken as written. Where a store comes that was not foreseen, its array counts as written from then on.

// pointers is a set of the words of 8 bytes of a kernel's parameters that a value may have come from.
type pointers uint64

const (
	anyPointer    = pointers(1) << 63 // loaded from memory
	allParameters = anyPointer - 1
)

// parameterAt gives the word at an offset.
func parameterAt(offset uint64) pointers { return 1 << min(offset/8, 62) }

// pointerFlow follows pointers through the registers of a kernel.
type pointerFlow struct {
	d             *decoder
	of            []pointers // of each register, by decoder.index
	local, shared pointers   // of values in these memories
	constants     map[int32]uint64
	changed       bool
}

// findWritten sets the parameters that the kernel may write through.
func (d *decoder) findWritten() {
	k := d.k
	f := pointerFlow{d: d, of: make([]pointers, k.slots[0]+k.slots[1]+k.slots[2]), constants: map[int32]uint64{}, changed: true}
	for _, c := range k.fills {
		if c.bank == 'q' && c.special == "" {
			f.constants[c.slot] = c.value
		}
	}
	for f.changed {
		f.changed = false
		for pc := range k.code {
			f.step(&k.code[pc], &k.refs[pc])
		}
	}
	for pc := range k.code {
		in := &k.code[pc]
		if in.mem != nil && (in.mem.op == store || in.mem.op == update) {
			k.written |= f.of[f.address(in)]
		}
	}
}

// address gives the index of the register with the address of an access.
func (f *pointerFlow) address(in *inst) int32 {
	if in.mem.wideAddr {
		return f.d.k.index(registerRef{'q', in.a})
	}
	return f.d.k.index(registerRef{'r', in.a})
}

func (f *pointerFlow) join(to *pointers, p pointers) {
	if *to|p != *to {
		*to |= p
		f.changed = true
	}
}

func (f *pointerFlow) step(in *inst, refs *references) {
	var p pointers
	for _, r := range refs.reads {
		p |= f.of[f.d.k.index(r)]
	}
	if a := in.mem; a != nil {
		if anywhere := a.space == ptx.NoSpace; a.op == store || a.op == update {
			if anywhere || a.space == ptx.LocalSpace {
				f.join(&f.local, p)
			}
			if anywhere || a.space == ptx.SharedSpace {
				f.join(&f.shared, p)
			}
		}
		p = f.loaded(in)
	}
	for _, r := range refs.writes {
		f.join(&f.of[f.d.k.index(r)], p)
	}
}

// loaded says what an access may bring into its registers.
func (f *pointerFlow) loaded(in *inst) (p pointers) {
	a := in.mem
	switch a.space {
	case ptx.LocalSpace:
		return f.local
	case ptx.SharedSpace:
		return f.shared
	case ptx.ParamSpace:
		at, known := f.constants[in.a]
		if !known || !a.wideAddr {
			return allParameters
		}
		for o := uint64(0); o < a.bytes; o += 8 {
			p |= parameterAt(at + a.offset + o)
		}
		return p
	case ptx.NoSpace:
		p = f.local | f.shared
	}
	if a.size == 8 { // an address has 8 bytes
		p |= anyPointer
	}
	return p
}

// noteWritable marks the allocations that the parameters of a launch let the kernel write.
func (d *Device) noteWritable(k *Kernel, params []byte) {
	for o := 0; o+8 <= len(params); o += 8 {
		if k.written&(parameterAt(uint64(o))|anyPointer) == 0 {
			continue
		}
		if al := d.mem.region(le.Uint64(params[o:])); al != nil {
			al.writable.Store(d.sector)
		}
	}
}

// mayRace reports whether an access to an allocation has to be looked at.
func (w *warp) mayRace(a *access, al *allocation) bool {
	b := w.b
	switch {
	case al.writable.Load() == b.sector, al.name != "", b.k.written&anyPointer != 0:
		return true
	case a.op == load || a.op == asyncCopy:
		return false
	}
	al.writable.Store(b.sector)
	return true
}
