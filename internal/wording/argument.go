package wording

import (
	"regexp"
	"strings"
)

// plain is a text that a shell takes as it stands.
var plain = regexp.MustCompile(`^[\pL\pM\pN_@%+=:,./-]+$`)

// Argument is a text as one argument of a command line that is there to be copied: quoted where a shell would take it for something else.
func Argument(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
