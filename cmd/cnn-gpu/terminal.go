package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"cnn-gpu/internal/wording"
)

// terminalOf is the terminal behind a writer.
func terminalOf(w io.Writer) (*os.File, bool) {
	switch outer := w.(type) {
	case *watchedWriter:
		return terminalOf(outer.Writer)
	case printableWriter:
		return terminalOf(outer.Writer)
	}
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

func isTerminal(w io.Writer) bool {
	_, is := terminalOf(w)
	return is
}

// printableWriter shows control characters and passes none on: names of files and classes are anybody's.
type printableWriter struct{ io.Writer }

func (w printableWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, wording.Printable(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// forTerminals keeps control characters from a terminal alone: what programs read gets names as they are.
func forTerminals(w io.Writer) io.Writer {
	if isTerminal(w) {
		return printableWriter{w}
	}
	return w
}

// defaultColumns is the width of a terminal that does not tell its own.
const defaultColumns = 80

// columns is how wide a text may be: what the variable COLUMNS says, else the terminal's width. It is 0, no limit, for files and pipes:
// what reads them wants whole values.
func columns(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	f, is := terminalOf(w)
	if !is {
		return 0
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return defaultColumns
}

// printFact writes a label and words behind it. What has no room on the line goes on under its own beginning, indent columns from the
// left; a word is never cut, so that paths can be copied.
func printFact(w io.Writer, label string, indent int, words string) {
	width := columns(w)
	line := fmt.Sprintf("%-*s", indent, label)
	margin := strings.Repeat(" ", indent)
	for i, word := range strings.Fields(words) {
		switch length := utf8.RuneCountInString(line) + 1 + utf8.RuneCountInString(word); {
		case i == 0:
			line += word
		case width > 0 && length > width:
			fmt.Fprintln(w, line)
			line = margin + word
		default:
			line += " " + word
		}
	}
	fmt.Fprintln(w, line)
}
