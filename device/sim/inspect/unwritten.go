package inspect

import (
	"fmt"
	"strings"

	"cnn-gpu/device/sim"
)

// describeUnwritten says which of the bytes of an output nobody has written, or nothing: a loop that never ran is no mistake to any check.
func describeUnwritten(ranges []sim.Range, bytes uint64) string {
	if len(ranges) == 0 {
		return ""
	}
	if ranges[0] == (sim.Range{First: 0, Last: bytes - 1}) {
		return "never written"
	}
	const shown = 3
	var parts []string
	total := uint64(0)
	for i, r := range ranges {
		total += r.Last - r.First + 1
		if i < shown {
			parts = append(parts, fmt.Sprintf("%d to %d", r.First, r.Last))
		}
	}
	text := "bytes " + strings.Join(parts, ", ")
	if len(ranges) > shown {
		text += fmt.Sprintf(" and %s, %d bytes together,", Count(len(ranges)-shown, "more range"), total)
	}
	return text + " were never written"
}
