package model

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the most bytes that a name may have: it becomes part of a file's name, for which file systems have 255.
const maxName = 100

// checkName refuses the names that models and the parts of layers' names must not have: they become part of file names and of
// "conv2d/kernel", and people read them on terminals.
func checkName(name string) error {
	switch {
	case strings.ContainsFunc(name, notInName):
		return errors.New("a name holds letters, digits and _ . - alone")
	case !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }):
		return errors.New("a name holds at least one letter or digit")
	case len(name) > maxName:
		return errLongName(name)
	}
	return nil
}

// checkLayerName refuses what is no name of a layer: names with slashes between them, as in stage1/block1/conv.
func checkLayerName(name string) error {
	for part := range strings.SplitSeq(name, "/") {
		if err := checkName(part); err != nil {
			return err
		}
	}
	if len(name) > maxName {
		return errLongName(name)
	}
	return nil
}

func errLongName(name string) error {
	return fmt.Errorf("a name of %d bytes; the limit is %d", len(name), maxName)
}

func notInName(r rune) bool {
	return r == unicode.ReplacementChar || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.-", r)
}

// nameFrom is the name that comes closest to a text, such as to a file's name; none if nothing of it is left.
func nameFrom(text string) string {
	name := strings.Map(func(r rune) rune {
		if notInName(r) {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(text, "-"))
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if checkName(name) != nil {
		return ""
	}
	return name
}
