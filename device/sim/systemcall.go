package sim

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// The functions that the CUDA runtime on the device provides.

// decodeAssert: __assertfail(message, file, line, function, character size), all in .param variables.
func decodeAssert(d *decoder, in *inst, s *ptx.Instruction) {
	d.callOperands(in, s)
}

func execAssert(w *warp, in *inst, m uint32) {
	i := lowest(m)
	text := ""
	if len(in.list) > 0 {
		text = w.b.d.mem.text(le.Uint64(w.parameter(in.list[0], i)))
	}
	w.fault(Assertion, i, "assert(%s)", text)
}

// decodePrintf: vprintf(format, values), two pointers in .param variables; the values lie one after the other, each at a multiple of
// its size.
func decodePrintf(d *decoder, in *inst, s *ptx.Instruction) {
	d.callOperands(in, s)
	if len(s.Operands[0].Elements) != 1 || len(in.list) != 2 {
		d.fail("vprintf takes two parameters and returns one")
	}
	in.d = d.address(s.Operands[0].Elements[0].Variable, 0, 'q')
}

// parameter gives the memory of a thread from a parameter on, whose offset a register holds.
func (w *warp) parameter(slot int32, lane int) []byte {
	size := w.b.k.localBytes
	return w.local[uint64(lane)*size+w.q[slot][lane] : uint64(lane+1)*size]
}

// setResult stores the result of a system call.
func (w *warp) setResult(slot int32, lane int, bytes int, v uint64) {
	p := w.parameter(slot, lane)
	if bytes == 8 {
		le.PutUint64(p, v)
	} else {
		le.PutUint32(p, uint32(v))
	}
	w.markLocal(lane, w.q[slot][lane], uint64(bytes), written)
}

// callOperands puts the registers with the offsets of a system call's parameters into in.list.
func (d *decoder) callOperands(in *inst, s *ptx.Instruction) {
	for _, o := range s.Operands[0].Elements {
		d.paramVariable(o)
	}
	for _, o := range s.Operands[2].Elements {
		in.list = append(in.list, d.address(d.paramVariable(o), 0, 'q'))
	}
}

func execPrintf(w *warp, in *inst, m uint32) {
	b, size := w.b, w.b.k.localBytes
	b.changed = true
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		format := b.d.mem.text(le.Uint64(w.parameter(in.list[0], i)))
		var values []byte
		if at := le.Uint64(w.parameter(in.list[1], i)); at>>32 == localWindow>>32 && at-localWindow < size {
			values = w.local[uint64(i)*size+at-localWindow : uint64(i+1)*size]
		}
		text, n := b.d.mem.format(format, values, func(at, bytes uint64) {
			if b.checks&Uninitialized != 0 {
				w.usePrinted(i, uint64(i)*size+size-uint64(len(values))+at, bytes)
			}
		})
		if b.d.opts.Print != nil {
			b.d.printing.Lock()
			b.d.opts.Print(text)
			b.d.printing.Unlock()
		}
		w.setResult(in.d, i, 4, uint64(n))
	}
}

// text reads a string that ends in a zero byte.
func (m *memory) text(ptr uint64) string {
	a, off, err := m.find(ptr, 1)
	if err != nil {
		return ""
	}
	p := a.data()[off:min(off+1000, a.size)]
	if n := bytes.IndexByte(p, 0); n >= 0 {
		p = p[:n]
	}
	return string(p)
}

// usePrinted reports a value that is printed, of some bytes at an offset of the warp's local memory.
func (w *warp) usePrinted(lane int, at, bytes uint64) {
	if allDefined(w.localDef[at : at+bytes]) {
		return
	}
	o := w.b.origins[originAt{UninitializedLocal, w, at}]
	if o == nil {
		o = &origin{kind: UninitializedLocal, pc: w.pc, at: at}
	}
	w.reportUse(Error, "the value printed", lane, o)
}

// format does what C's printf does with a format and the bytes of its values, and counts the values. It tells use which bytes it reads.
func (m *memory) format(format string, values []byte, use func(at, bytes uint64)) (text string, n int) {
	var out strings.Builder
	at := uint64(0)
	next := func(bytes uint64) uint64 {
		at = alignUp(at, bytes)
		if at+bytes > uint64(len(values)) {
			return 0
		}
		use(at, bytes)
		p := values[at:]
		at += bytes
		n++
		if bytes == 4 {
			return uint64(le.Uint32(p))
		}
		return le.Uint64(p)
	}
	for format != "" {
		k := strings.IndexByte(format, '%')
		if k < 0 {
			out.WriteString(format)
			break
		}
		out.WriteString(format[:k])
		format = format[k+1:]
		end := strings.IndexAny(format, "diuoxXfFeEgGaAcsp%")
		if end < 0 {
			break
		}
		flags, verb := format[:end], format[end]
		format = format[end+1:]
		wide := strings.ContainsAny(flags, "lzjt")
		flags = "%" + strings.Map(func(r rune) rune {
			if strings.ContainsRune("hlzjtqL", r) {
				return -1
			}
			return r
		}, flags)
		for strings.Contains(flags, "*") {
			flags = strings.Replace(flags, "*", fmt.Sprint(int32(next(4))), 1)
		}
		integer := func() uint64 {
			if wide {
				return next(8)
			}
			return next(4)
		}
		switch verb {
		case '%':
			out.WriteByte('%')
		case 'd', 'i':
			if v := integer(); wide {
				fmt.Fprintf(&out, flags+"d", int64(v))
			} else {
				fmt.Fprintf(&out, flags+"d", int32(v))
			}
		case 'u':
			fmt.Fprintf(&out, flags+"d", integer())
		case 'o', 'x', 'X':
			fmt.Fprintf(&out, flags+string(verb), integer())
		case 'c':
			fmt.Fprintf(&out, flags+"c", rune(next(4)))
		case 's':
			fmt.Fprintf(&out, flags+"s", m.text(next(8)))
		case 'p':
			fmt.Fprintf(&out, "%#x", next(8))
		case 'a', 'A':
			fmt.Fprintf(&out, flags+string(verb+'x'-'a'), math.Float64frombits(next(8)))
		default:
			fmt.Fprintf(&out, flags+string(verb), math.Float64frombits(next(8)))
		}
	}
	return out.String(), n
}
