package inspect

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cnn-gpu/device/sim"
)

// Count writes "1 finding" or "3 findings".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Summary says in a few words what a run that is not clean showed.
func (r *Result) Summary() string {
	var parts []string
	if n := r.Count(sim.Error); n > 0 {
		parts = append(parts, Count(n, "finding"))
	}
	if n := r.Missed(); n > 0 {
		parts = append(parts, Count(n, "expectation")+" not met")
	}
	return strings.Join(parts, ", ")
}

// Print writes the result for people: findings, outputs, expectations, counters.
func (r *Result) Print(w io.Writer) error {
	var s strings.Builder
	errors, advice := r.Count(sim.Error), r.Count(sim.Advice)
	switch {
	case errors == 0 && advice == 0:
		s.WriteString("No findings.\n")
	case errors == 0:
		s.WriteString("No errors.\n")
	default:
		fmt.Fprintf(&s, "%s in the first block that has any", Count(errors, "finding"))
		if r.Fatal {
			s.WriteString("; the last one ended the kernel")
		}
		s.WriteString(":\n")
	}
	number := 0
	for _, severity := range []sim.Severity{sim.Error, sim.Advice} {
		if severity == sim.Advice && advice > 0 {
			fmt.Fprintf(&s, "\n%s of advice, about what works on this chip:\n", Count(advice, "piece"))
		}
		for _, f := range r.Findings {
			if f.Severity == severity {
				number++
				printFinding(&s, number, f)
			}
		}
	}
	if r.Printed != "" {
		fmt.Fprintf(&s, "\nPrinted by the kernel:\n%s", r.Printed)
	}
	if len(r.Outputs) > 0 {
		s.WriteString("\nMemory after the run:\n")
	}
	for _, o := range r.Outputs {
		o.print(&s)
	}
	if len(r.Compared) > 0 {
		s.WriteString("\nExpected:\n")
	}
	for _, c := range r.Compared {
		fmt.Fprintf(&s, "  %s\n", c)
	}
	for _, l := range r.Launches {
		fmt.Fprintf(&s, "\n%s", l.Kernel.Name)
		if l.Runs > 1 {
			fmt.Fprintf(&s, ", the first of %d launches", l.Runs)
		}
		fmt.Fprintf(&s, "\n%s", l.Counters)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

func printFinding(s *strings.Builder, number int, f *sim.Report) {
	fmt.Fprintf(s, "\n%d. %s: %s\n", number, f.Kind, f.Message)
	row := func(name, value string) { fmt.Fprintf(s, "     %-8s %s\n", name, value) }
	row("at", fromHere(f.Source))
	for _, c := range f.Callers {
		row("called", fromHere(c))
	}
	row("PTX", fmt.Sprintf("line %d: %s", f.PTXLine, strings.Join(strings.Fields(f.Instruction), " ")))
	row("block", triple(f.Block))
	row("thread", triple(f.Thread))
	if f.Array != "" {
		row("array", f.Array)
	}
	if f.MorePlaces > 0 {
		row("", f.More())
	}
	if f.MayEnd() {
		row("", "if it has an end, let it go on: --max-steps 1000000000")
	}
}

// fromHere names a place by its path from the working directory, if it lies in that.
func fromHere(p sim.Place) string {
	if path, ok := pathFromHere(p.File); ok {
		p.File = path
	}
	return p.String()
}

// pathFromHere is an absolute path from the working directory on; ok is false for a file that does not lie in that.
func pathFromHere(absolute string) (path string, ok bool) {
	here, err := os.Getwd()
	if err != nil {
		return "", false
	}
	path, err = filepath.Rel(here, absolute)
	return path, err == nil && filepath.IsLocal(path)
}

func (o Output) print(s *strings.Builder) {
	fmt.Fprintf(s, "  %-12s %s: %d bytes", o.Name, o.Form, o.Bytes)
	if len(o.First) > 0 {
		fmt.Fprintf(s, ", %s", strings.Join(o.First, " "))
		if o.more {
			s.WriteString(" ...")
		}
	}
	if o.File != "" {
		fmt.Fprintf(s, ", written to %s", o.File)
	}
	if text := describeUnwritten(o.Unwritten, o.Bytes); text != "" {
		fmt.Fprintf(s, "; %s", text)
	}
	s.WriteString("\n")
}

func triple(v [3]uint32) string { return fmt.Sprintf("%d,%d,%d", v[0], v[1], v[2]) }
