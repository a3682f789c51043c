package sim

import (
	"fmt"
	"strings"
)

// Kind is the kind of a finding.
type Kind string

const (
	OutOfBounds           Kind = "out of bounds"
	Misaligned            Kind = "misaligned address"
	UseAfterFree          Kind = "use after free"
	BadAddress            Kind = "bad address"
	UninitializedRegister Kind = "uninitialised register"
	UninitializedShared   Kind = "uninitialised shared memory"
	UninitializedGlobal   Kind = "uninitialised global memory"
	UninitializedLocal    Kind = "uninitialised local memory"
	SharedRace            Kind = "race in shared memory"
	WarpRace              Kind = "race within a warp"
	BlockRace             Kind = "race between blocks"
	AsyncRace             Kind = "access before an asynchronous copy was waited for"
	DivergentBarrier      Kind = "divergent barrier"
	BadBarrier            Kind = "bad barrier"
	Deadlock              Kind = "deadlock"
	BadMask               Kind = "bad member mask"
	BadShuffle            Kind = "bad shuffle"
	PartialWarp           Kind = "partial warp"
	EndlessLoop           Kind = "endless loop"
	BadBranch             Kind = "bad branch"
	BadAsyncCopy          Kind = "bad asynchronous copy"
	Trap                  Kind = "trap"
	Assertion             Kind = "assertion failed"
	Unsupported           Kind = "unsupported"
)

// Place is a place in the CUDA C++ source. Function is the linker name of the function that was inlined there, if any.
type Place struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Function string `json:"function"`
}

// Report is one thing that a check found.
type Report struct {
	Kind        Kind      `json:"kind"`
	Kernel      string    `json:"kernel"`
	Source      Place     `json:"source"`  // zero without line information (-lineinfo)
	Callers     []Place   `json:"callers"` // of the inlined function that Source lies in, from the inside out
	PTXLine     int       `json:"ptx_line"`
	Instruction string    `json:"instruction"`
	Block       [3]uint32 `json:"block"`
	Thread      [3]uint32 `json:"thread"`
	Array       string    `json:"array"` // the variable, allocation or kernel parameter, where one is concerned
	Message     string    `json:"message"`
}

func (p Place) String() string {
	if p.Line == 0 {
		return "unknown line"
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

func (r *Report) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %s (kernel %s, PTX line %d: %s", r.Source, r.Kind, r.Kernel, r.PTXLine, r.Instruction)
	for _, c := range r.Callers {
		fmt.Fprintf(&s, ", called at %s", c)
	}
	fmt.Fprintf(&s, ") in block (%d,%d,%d), thread (%d,%d,%d)", r.Block[0], r.Block[1], r.Block[2], r.Thread[0], r.Thread[1], r.Thread[2])
	if r.Array != "" {
		fmt.Fprintf(&s, ", %s", r.Array)
	}
	return s.String() + ": " + r.Message
}

// Findings is the error of a launch in which checks found something: what the first such block reported, in order.
type Findings struct {
	Reports []*Report
	Fatal   bool // the last report ended the launch: a real chip would have stopped with an error
}

func (f *Findings) Error() string {
	lines := make([]string, len(f.Reports))
	for i, r := range f.Reports {
		lines[i] = "sim: " + r.String()
	}
	return strings.Join(lines, "\n")
}

// Has reports whether a finding of that kind is among them.
func (f *Findings) Has(k Kind) bool {
	for _, r := range f.Reports {
		if r.Kind == k {
			return true
		}
	}
	return false
}

// fatalReport is what a fault panics with; block.runOne recovers it.
type fatalReport struct{}

// seenReport makes a kind of finding show once for each instruction of a block.
type seenReport struct {
	kind Kind
	pc   int32
}

// report notes a finding at the current instruction; the launch goes on to the end of the block.
func (w *warp) report(k Kind, lane int, format string, args ...any) {
	w.reportArray(k, w.pc, lane, "", format, args...)
}

func (w *warp) reportAt(k Kind, pc int32, lane int, format string, args ...any) {
	w.reportArray(k, pc, lane, "", format, args...)
}

func (w *warp) reportArray(k Kind, pc int32, lane int, array, format string, args ...any) {
	key := seenReport{k, pc}
	if w.b.seen[key] {
		return
	}
	w.b.seen[key] = true
	r := w.b.k.describe(pc)
	r.Kind, r.Array, r.Message = k, array, fmt.Sprintf(format, args...)
	r.Block, r.Thread = w.b.id, w.b.thread(w.id, lane)
	w.b.reports = append(w.b.reports, r)
}

// fault notes a finding that ends the launch.
func (w *warp) fault(k Kind, lane int, format string, args ...any) {
	w.faultArray(k, lane, "", format, args...)
}

func (w *warp) faultArray(k Kind, lane int, array, format string, args ...any) {
	delete(w.b.seen, seenReport{k, w.pc})
	w.reportArray(k, w.pc, lane, array, format, args...)
	panic(fatalReport{})
}

// describe fills in what a report says about an instruction.
func (k *Kernel) describe(pc int32) *Report {
	r := &Report{Kernel: k.fn.Name}
	if int(pc) >= len(k.source) {
		return r
	}
	src := k.source[pc]
	r.PTXLine, r.Instruction = int(src.instr.Line), src.instr.Text
	places := k.places(src)
	if len(places) > 0 {
		r.Source, r.Callers = places[0], places[1:]
	}
	return r
}

// places gives the CUDA C++ place of an instruction and the places it was inlined at, from the inside out.
func (k *Kernel) places(src sourceRef) []Place {
	var all []Place
	for s := &src; s != nil; s = s.caller {
		for i := s.instr.Location; i >= 0 && int(i) < len(s.fn.Locations); i = s.fn.Locations[i].Caller {
			l := s.fn.Locations[i]
			all = append(all, Place{File: k.module.ast.Files[int(l.File)], Line: int(l.Line), Column: int(l.Column), Function: l.Function})
		}
	}
	return all
}

// location says where an instruction stands, for messages about another access.
func (k *Kernel) location(pc int32) string {
	r := k.describe(pc)
	return fmt.Sprintf("%q at %s, PTX line %d", r.Instruction, r.Source, r.PTXLine)
}

func formatIndex(what string, i [3]uint32) string {
	return fmt.Sprintf("%s (%d,%d,%d)", what, i[0], i[1], i[2])
}
