package wording

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable is a text with each character that a terminal would obey, or show as nothing, written as Go writes it in a string: "\x1b". Line
// ends and tabs stay.
func Printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsGraphic(r) || r == '\n' || r == '\t' {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
