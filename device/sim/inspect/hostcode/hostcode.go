// Package hostcode takes out of a CUDA C++ file what is for the host: functions that are neither __global__ nor __device__, and variables of
// the host. NVRTC compiles device code alone, and files have both.
//
// It is no compiler: it finds where declarations begin and end, and what of them is for the GPU, by their words. What it takes out becomes
// blanks, so that every line keeps its number; lines of the preprocessor stay. Types and constants stay, since device code may use them;
// those that only a host compiler understands are taken out by [File.Drop], where the compiler complains of them.
package hostcode

import (
	"slices"
	"strings"
)

// File is a file of CUDA C++.
type File struct {
	parser *parser
	all    []declaration
	text   []byte         // as far as it is left
	host   []span         // what was taken out, in tokens
	names  map[string]int // the lines of functions and variables that were taken out as the host's
}

type span struct{ from, to int }

// Include is a line of a file that includes another.
type Include struct {
	Name   string
	Quoted bool
	Line   int

	start, end int // of the name with its quotes or brackets
}

// Read reads a file. The macros are those of all files that are compiled with it, its own among them.
func Read(text string, macros Macros) *File {
	f := &File{parser: read(lex(text), macros), text: []byte(text), names: map[string]int{}}
	for i := 0; i < len(f.parser.tokens); i++ { // again behind a brace too many
		var list []declaration
		list, i = f.parser.declarations(i, nil, false)
		f.all = append(f.all, list...)
	}
	f.strip(f.all)
	return f
}

// Text is the file without what was taken out.
func (f *File) Text() string { return string(f.text) }

// HostLine is the line of a function of the host that was taken out, or 0 if there is none with that name.
func (f *File) HostLine(name string) int { return f.names[name] }

// strip takes out what is for the host.
func (f *File) strip(all []declaration) {
	device := map[string]bool{}
	for _, d := range all {
		if d.device {
			device[d.name] = true
		}
	}
	for _, d := range all {
		switch {
		case d.device:
		case d.form == class:
			f.strip(d.members)
		case d.form == function && device[d.name] && d.body == 0: // declared once with __device__ and once without
		case d.form == function || d.form == variable:
			f.take(d)
			if d.name != "" {
				f.names[d.name] = f.parser.tokens[d.from].line
			}
		}
	}
}

// take makes blanks of a declaration.
func (f *File) take(d declaration) {
	if d.to <= d.from {
		return
	}
	f.host = append(f.host, span{d.from, d.to})
	start, end := f.parser.tokens[d.from].start, f.parser.end(d.to)
	at := start
	for _, line := range f.parser.directives {
		if line.start < start || line.start >= end {
			continue
		}
		f.blank(at, line.start)
		at = line.end
		if line.name == "include" {
			f.blank(line.start, line.end)
		}
	}
	f.blank(at, end)
}

func (f *File) blank(from, to int) {
	for i := from; i < to; i++ {
		if f.text[i] != '\n' && f.text[i] != '\r' {
			f.text[i] = ' '
		}
	}
}

// Level says what may be taken out where a compiler complains.
type Level int

const (
	Host    Level = iota // what is not for the device: types, constants, names
	Device               // functions and variables of the device too
	Kernels              // and kernels
)

// Drop takes out the declaration at a line that a compiler does not understand. Of a class it takes out a member that is a function or
// names a type, and for any other member the class, since without it the class would be another one. It says what it took out: its name, and
// whether there was anything.
func (f *File) Drop(line int, level Level) (name string, ok bool) {
	return f.drop(f.all, line, level)
}

func (f *File) drop(all []declaration, line int, level Level) (name string, ok bool) {
	for _, d := range all {
		if !f.covers(d, line) || f.isTaken(d) {
			continue
		}
		if d.form == class {
			for _, m := range d.members {
				if (m.form == function || f.namesType(m)) && f.covers(m, line) && !f.isTaken(m) {
					if m.device && level < Device {
						return "", false
					}
					f.take(m)
					return d.name + "::" + m.name, true
				}
			}
		}
		if d.form != class && d.form != other && (d.device && level < Device || d.kernel && level < Kernels) {
			return "", false
		}
		f.take(d)
		if d.kernel {
			return d.fullName(), true
		}
		return d.name, true
	}
	return "", false
}

// namesType says whether a declaration gives a name to a type.
func (f *File) namesType(d declaration) bool {
	return f.parser.is(d.from, "using") || f.parser.is(d.from, "typedef")
}

// isTaken says whether nothing is left of a declaration.
func (f *File) isTaken(d declaration) bool {
	return d.to <= d.from || strings.TrimSpace(string(f.text[f.parser.tokens[d.from].start:f.parser.tokens[d.to-1].end])) == ""
}

// covers says whether a declaration stands on a line.
func (f *File) covers(d declaration, line int) bool {
	if d.to <= d.from {
		return false
	}
	end := f.parser.tokens[d.to-1]
	return f.parser.tokens[d.from].line <= line && line <= end.line+strings.Count(f.parser.text[end.start:end.end], "\n")
}

// Includes lists the lines of a text that include other files, but for those with a macro.
func Includes(text string) (list []Include) {
	for _, d := range lex(text).directives {
		if i, ok := included(text, d); ok {
			list = append(list, i)
		}
	}
	return list
}

// Includes lists those that are left.
func (f *File) Includes() (list []Include) {
	for _, d := range f.parser.directives {
		if i, ok := included(f.parser.text, d); ok && f.text[d.start] == '#' {
			list = append(list, i)
		}
	}
	return list
}

func included(text string, d directive) (i Include, ok bool) {
	if d.name != "include" || len(d.rest) < 2 {
		return i, false
	}
	closing := map[byte]byte{'"': '"', '<': '>'}[d.rest[0]]
	end := strings.IndexByte(d.rest[1:], closing)
	if closing == 0 || end < 0 {
		return i, false
	}
	name := d.rest[:end+2]
	at := strings.Index(text[d.start:d.end], name)
	if at < 0 {
		return i, false
	}
	return Include{Name: name[1 : len(name)-1], Quoted: closing == '"', Line: 1 + strings.Count(text[:d.start], "\n"),
		start: d.start + at, end: d.start + at + len(name)}, true
}

// Redirect is the text with other names for what it includes; includes whose name is not in the map stay.
func (f *File) Redirect(names map[Include]string) string {
	text := f.Text()
	list := f.Includes()
	for _, i := range slices.Backward(list) {
		if name := names[i]; name != "" {
			text = text[:i.start] + `"` + name + `"` + text[i.end:]
		}
	}
	return text
}
