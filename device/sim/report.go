package sim

import (
	"fmt"
	"slices"
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
	GlobalRace            Kind = "race in global memory"
	BlockRace             Kind = "race between blocks"
	LaunchRace            Kind = "race between launches"
	EarlyAccess           Kind = "access before griddepcontrol.wait"
	OrderDependent        Kind = "result depends on the order"
	AsyncRace             Kind = "access before an asynchronous copy was waited for"
	DivergentBarrier      Kind = "divergent barrier"
	BadBarrier            Kind = "bad barrier"
	Deadlock              Kind = "deadlock"
	BadMask               Kind = "bad member mask"
	BadShuffle            Kind = "bad shuffle"
	PartialWarp           Kind = "partial warp"
	EndlessLoop           Kind = "endless loop"
	BadBranch             Kind = "bad branch"
	BadCall               Kind = "bad call"
	BadFree               Kind = "bad free"
	StackOverflow         Kind = "stack overflow"
	UseAfterReturn        Kind = "use after return"
	BadAsyncCopy          Kind = "bad asynchronous copy"
	Trap                  Kind = "trap"
	Assertion             Kind = "assertion failed"
	Unsupported           Kind = "unsupported"
)

// Severity says what a finding means for the launch.
type Severity string

const (
	Error  Severity = "error"  // the kernel is wrong on the chip: the launch fails
	Advice Severity = "advice" // the kernel is right on the chip, but for a reason that is easily lost: the launch succeeds
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
	Severity    Severity  `json:"severity"`
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
	MorePlaces  int       `json:"more_places"` // further instructions of the line of which the same was found in the block, as in an unrolled loop

	index int64 // of the block
	line  int32 // number of the source line in the kernel
}

func (p Place) String() string {
	if p.Line == 0 {
		return "unknown line"
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

func (r *Report) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: ", r.Source)
	if r.Severity == Advice {
		s.WriteString("advice: ")
	}
	fmt.Fprintf(&s, "%s (kernel %s, PTX line %d: %s", r.Kind, r.Kernel, r.PTXLine, r.Instruction)
	for _, c := range r.Callers {
		fmt.Fprintf(&s, ", called at %s", c)
	}
	fmt.Fprintf(&s, ") in block (%d,%d,%d), thread (%d,%d,%d)", r.Block[0], r.Block[1], r.Block[2], r.Thread[0], r.Thread[1], r.Thread[2])
	if r.Array != "" {
		fmt.Fprintf(&s, ", %s", r.Array)
	}
	fmt.Fprintf(&s, ": %s", r.Message)
	if r.MorePlaces > 0 {
		fmt.Fprintf(&s, " (%s)", r.More())
	}
	return s.String()
}

// More says how many further instructions of the line have the finding, or nothing.
func (r *Report) More() string {
	switch r.MorePlaces {
	case 0:
		return ""
	case 1:
		return "and one more instruction of this line"
	}
	return fmt.Sprintf("and %d more instructions of this line", r.MorePlaces)
}

// tooMany begins the message of a loop that is called endless by the count of its instructions alone.
const tooMany = "more than "

// MayEnd says that an endless loop is one by [Options.MaxSteps] alone, and may have an end.
func (r *Report) MayEnd() bool { return r.Kind == EndlessLoop && strings.HasPrefix(r.Message, tooMany) }

// Findings is the error of a launch in which checks found errors: those of the first such block, in order. Advice is no error: it is
// in the launch's [Counters].
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

// fatalReport is what a fault panics with; block.recoverFatal recovers it.
type fatalReport struct{}

// seenReport makes a kind of finding show once for each instruction of a block.
type seenReport struct {
	severity Severity
	kind     Kind
	pc       int32
}

// report notes an error at the current instruction; the launch goes on to the end of the block.
func (w *warp) report(k Kind, lane int, format string, args ...any) {
	w.note(Error, k, w.pc, lane, "", format, args...)
}

func (w *warp) reportArray(k Kind, pc int32, lane int, array, format string, args ...any) {
	w.note(Error, k, pc, lane, array, format, args...)
}

// advise notes advice at the current instruction; the launch goes on.
func (w *warp) advise(k Kind, lane int, format string, args ...any) {
	w.note(Advice, k, w.pc, lane, "", format, args...)
}

func (w *warp) adviseArray(k Kind, pc int32, lane int, array, format string, args ...any) {
	w.note(Advice, k, pc, lane, array, format, args...)
}

// note keeps the first finding of a kind for each source line. The advice of a block is kept only where no block before had it.
func (w *warp) note(s Severity, k Kind, pc int32, lane int, array, format string, args ...any) {
	b := w.b
	key := seenReport{s, k, pc}
	if b.silent || b.seen[key] {
		return
	}
	b.seen[key] = true
	all := &b.reports
	if s == Advice {
		all = &b.advice
	}
	line := b.k.lineNumbers()[pc]
	for _, r := range *all {
		if r.Kind == k && r.line == line {
			if r.index == b.index {
				r.MorePlaces++
			}
			return
		}
	}
	r := b.k.describe(pc)
	r.Severity, r.Kind, r.Array, r.Message = s, k, array, fmt.Sprintf(format, args...)
	r.Block, r.Thread = b.id, b.thread(w.id, lane)
	r.Callers = append(r.Callers, w.callers(lane)...)
	r.index, r.line = b.index, line
	*all = append(*all, r)
}

// fault notes an error that ends the launch.
func (w *warp) fault(k Kind, lane int, format string, args ...any) {
	w.faultArray(k, lane, "", format, args...)
}

// faultArray is the last report, whatever was reported of the line before.
func (w *warp) faultArray(k Kind, lane int, array, format string, args ...any) {
	b := w.b
	delete(b.seen, seenReport{Error, k, w.pc})
	b.reports = slices.DeleteFunc(b.reports, func(r *Report) bool { return r.Kind == k && r.line == b.k.lineNumbers()[w.pc] })
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

// lineNumbers numbers the source lines: instructions of one line, inlined by the same calls, have one number.
func (k *Kernel) lineNumbers() []int32 {
	k.numbering.Do(func() {
		k.numbers = make([]int32, len(k.source)+1)
		lines := map[string]int32{}
		for pc := range k.numbers {
			k.numbers[pc] = int32(-1 - pc)
			if pc == len(k.source) {
				break
			}
			key := ""
			for _, p := range k.places(k.source[pc]) {
				key += fmt.Sprintln(p.File, p.Line)
			}
			if key == "" {
				continue
			}
			if _, known := lines[key]; !known {
				lines[key] = int32(len(lines))
			}
			k.numbers[pc] = lines[key]
		}
	})
	return k.numbers
}

// location says where an instruction stands, for messages about another access.
func (k *Kernel) location(pc int32) string {
	r := k.describe(pc)
	return fmt.Sprintf("%q at %s, PTX line %d", r.Instruction, r.Source, r.PTXLine)
}

func formatIndex(what string, i [3]uint32) string {
	return fmt.Sprintf("%s (%d,%d,%d)", what, i[0], i[1], i[2])
}
