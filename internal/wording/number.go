// Package wording writes what messages are made of: numbers, sizes, lists of words, and what was meant by a word that is not known.
package wording

import (
	"fmt"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// English prints numbers with commas between thousands.
var English = message.NewPrinter(language.English)

// Bytes writes a number of bytes in units of 1024: "5.28 MiB".
func Bytes[N int | int64 | uint64 | float64](n N) string {
	units := []string{"KiB", "MiB", "GiB", "TiB", "PiB"}
	size := float64(n)
	if size < 1024 {
		return fmt.Sprintf("%.0f B", size)
	}
	size /= 1024
	for size >= 1024 && len(units) > 1 {
		size, units = size/1024, units[1:]
	}
	return English.Sprintf("%.2f %s", size, units[0])
}
