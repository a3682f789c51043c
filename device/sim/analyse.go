package sim

import "math/bits"

// bitset is a set of registers: those of bank r, then q, then p.
type bitset []uint64

func (s bitset) has(i int32) bool { return s[i>>6]>>(i&63)&1 != 0 }
func (s bitset) set(i int32)      { s[i>>6] |= 1 << (i & 63) }
func (s bitset) clear(i int32)    { s[i>>6] &^= 1 << (i & 63) }

// meet removes from s what is not in o and reports whether s changed.
func (s bitset) meet(o bitset) bool {
	changed := false
	for i := range s {
		n := s[i] & o[i]
		changed = changed || n != s[i]
		s[i] = n
	}
	return changed
}

func (s bitset) join(o bitset) bool {
	changed := false
	for i := range s {
		n := s[i] | o[i]
		changed = changed || n != s[i]
		s[i] = n
	}
	return changed
}

// flow is the control flow of a kernel by basic blocks: instructions start[i] to start[i+1].
type flow struct {
	entry      int // the block that the kernel begins with
	start      []int32
	successors [][]int32 // blocks
}

// next lists the instructions that may follow one.
func (k *Kernel) next(pc int32) []int32 {
	in := &k.code[pc]
	var all []int32
	if in.guard >= 0 || in.kind != branch && in.kind != tableBranch && in.kind != exit && in.kind != returning {
		all = append(all, pc+1)
	}
	switch in.kind {
	case branch:
		all = append(all, in.target)
	case tableBranch:
		all = append(all, in.list...)
	case call: // what it returns to follows as well
		for _, c := range k.callees {
			if c.err == nil && (in.call.target == nil || in.call.target == c) {
				all = append(all, c.entry)
			}
		}
	}
	return all
}

func (k *Kernel) flow() flow {
	n := len(k.code)
	leader := make([]bool, n+1)
	leader[0], leader[k.start] = true, true
	for pc := range int32(n) {
		switch k.code[pc].kind {
		case branch, tableBranch, exit, call, returning:
			leader[pc+1] = true
			for _, t := range k.next(pc) {
				leader[t] = true
			}
		}
	}
	var f flow
	block := make([]int32, n+1)
	for pc := range n {
		if leader[pc] {
			f.start = append(f.start, int32(pc))
		}
		block[pc] = int32(len(f.start) - 1)
	}
	f.entry = int(block[k.start])
	for i := range f.start {
		last := int32(n - 1)
		if i+1 < len(f.start) {
			last = f.start[i+1] - 1
		}
		var succ []int32
		for _, t := range k.next(last) {
			if int(t) < n {
				succ = append(succ, block[t])
			}
		}
		f.successors = append(f.successors, succ)
	}
	f.start = append(f.start, int32(n))
	return f
}

// analyse finds the registers that some path reads before it writes them, which need a look while the kernel runs, and how many
// registers are alive at the same time.
func (d *decoder) analyse() {
	f := d.k.flow()
	d.watchRegisters(f)
	d.countRegisters(f)
}

func (d *decoder) watchRegisters(f flow) {
	k := d.k
	words := (k.slots[0]+k.slots[1]+k.slots[2])/64 + 1
	blocks := len(f.successors)
	in := make([]bitset, blocks) // written on all paths to the block
	for i := range in {
		in[i] = make(bitset, words)
		for j := range in[i] {
			in[i][j] = ^uint64(0)
		}
	}
	clear(in[f.entry])
	out := make(bitset, words)
	through := func(i int) {
		copy(out, in[i])
		for pc := f.start[i]; pc < f.start[i+1]; pc++ {
			if k.code[pc].guard < 0 {
				for _, r := range k.refs[pc].writes {
					out.set(k.index(r))
				}
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range blocks {
			through(i)
			for _, s := range f.successors[i] {
				changed = in[s].meet(out) || changed
			}
		}
	}
	suspect := make(bitset, words)
	any := false
	for i := range blocks {
		copy(out, in[i])
		for pc := f.start[i]; pc < f.start[i+1]; pc++ {
			for _, r := range k.refs[pc].reads {
				if !out.has(k.index(r)) {
					suspect.set(k.index(r))
					any = true
				}
			}
			if k.code[pc].guard < 0 {
				for _, r := range k.refs[pc].writes {
					out.set(k.index(r))
				}
			}
		}
	}
	if !any {
		return
	}
	for pc := range k.code {
		var x watch
		for _, r := range k.refs[pc].reads {
			if suspect.has(k.index(r)) {
				x.reads = append(x.reads, r)
			}
		}
		for _, r := range k.refs[pc].writes {
			if suspect.has(k.index(r)) {
				x.writes = append(x.writes, r)
			}
		}
		if len(x.reads)+len(x.writes) > 0 {
			k.code[pc].watch = &x
			if k.code[pc].kind == plain {
				k.code[pc].kind = watched
			}
		}
	}
}

// countRegisters estimates the registers of a thread: the most that are alive at once, and some for addresses and the compiler.
func (d *decoder) countRegisters(f flow) {
	k := d.k
	narrow, wide := k.slots[0], k.slots[0]+k.slots[1]
	words := (wide+k.slots[2])/64 + 1
	blocks := len(f.successors)
	live := make([]bitset, blocks) // at the start of the block
	for i := range live {
		live[i] = make(bitset, words)
	}
	now := make(bitset, words)
	most, weight := int32(0), func(i int32) int32 {
		switch {
		case i < narrow:
			return 1
		case i < wide:
			return 2
		}
		return 0
	}
	backward := func(i int) {
		clear(now)
		for _, s := range f.successors[i] {
			now.join(live[s])
		}
		count := int32(0)
		for j, word := range now {
			for ; word != 0; word &= word - 1 {
				count += weight(int32(j*64 + bits.TrailingZeros64(word)))
			}
		}
		for pc := f.start[i+1] - 1; pc >= f.start[i]; pc-- {
			if k.code[pc].guard < 0 {
				for _, r := range k.refs[pc].writes {
					if x := k.index(r); now.has(x) {
						now.clear(x)
						count -= weight(x)
					}
				}
			}
			for _, r := range k.refs[pc].reads {
				if x := k.index(r); !now.has(x) {
					now.set(x)
					count += weight(x)
				}
			}
			most = max(most, count)
		}
	}
	for changed := true; changed; {
		changed = false
		for i := blocks - 1; i >= 0; i-- {
			backward(i)
			changed = live[i].join(now) || changed
		}
	}
	const overhead = 10
	k.registers = int(max(16, min(255, (most+overhead+7)/8*8)))
	if n := k.fn.MaxRegisters; n > 0 {
		k.registers = min(k.registers, int(n))
	}
	if t := k.fn.MaxThreads; t[0] > 0 { // the compiler keeps the promise of __launch_bounds__
		threads := int(t[0] * t[1] * t[2] * max(1, k.fn.MinBlocks))
		k.registers = max(16, min(k.registers, k.module.device.chip.RegistersPerSM/threads/8*8))
	}
}
