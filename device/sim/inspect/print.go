package inspect

import (
	"fmt"
	"io"
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

// Print writes the result for people: findings, outputs, counters.
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
	for i, f := range r.Findings {
		if i == errors {
			fmt.Fprintf(&s, "\n%s of advice, about what works on this chip:\n", Count(advice, "piece"))
		}
		fmt.Fprintf(&s, "\n%d. %s: %s\n", i+1, f.Kind, f.Message)
		row := func(name, value string) { fmt.Fprintf(&s, "     %-8s %s\n", name, value) }
		row("at", f.Source.String())
		for _, c := range f.Callers {
			row("called", c.String())
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
	}
	if r.Printed != "" {
		fmt.Fprintf(&s, "\nPrinted by the kernel:\n%s", r.Printed)
	}
	if len(r.Outputs) > 0 {
		s.WriteString("\nMemory after the run:\n")
	}
	for _, o := range r.Outputs {
		fmt.Fprintf(&s, "  %s: %d bytes", o.Argument, o.Bytes)
		if len(o.First) > 0 {
			fmt.Fprintf(&s, ", %s", strings.Join(o.First, " "))
			if o.more {
				s.WriteString(" ...")
			}
		}
		if o.File != "" {
			fmt.Fprintf(&s, ", written to %s", o.File)
		}
		s.WriteString("\n")
	}
	if r.Counters != nil {
		fmt.Fprintf(&s, "\n%s", r.Counters)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

func triple(v [3]uint32) string { return fmt.Sprintf("%d,%d,%d", v[0], v[1], v[2]) }
