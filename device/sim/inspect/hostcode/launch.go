package hostcode

import (
	"slices"
	"strings"
)

// Template is a kernel that has to be instantiated.
type Template struct {
	Name       string   // with its namespaces
	Parameters []string // as they are declared, like "typename T" and "int N = 4"
}

// String writes it as one names it.
func (t Template) String() string { return t.Name + "<" + strings.Join(t.Parameters, ", ") + ">" }

// Default gives the template's name with arguments that stand in for those that nobody names: float for types, the default for
// values. It is empty where a value has no default.
func (t Template) Default() string {
	var arguments []string
	for _, p := range t.Parameters {
		left, value, hasDefault := strings.Cut(p, "=")
		first := left[:wordLength(left)]
		switch {
		case strings.Contains(p, "..."):
			return ""
		case hasDefault:
			value = strings.TrimSpace(value)
			arguments = append(arguments, value)
		case (first == "typename" || first == "class") && !strings.Contains(p, "enable_if"):
			arguments = append(arguments, standIn)
		default:
			return ""
		}
	}
	return t.Name + "<" + strings.Join(arguments, ", ") + ">"
}

// Templates lists the kernels of a file that are templates.
func (f *File) Templates() (list []Template) {
	for _, d := range f.all {
		if !d.kernel || d.form != function || len(d.template) == 0 {
			continue
		}
		t := Template{d.fullName(), d.template}
		if !slices.ContainsFunc(list, func(u Template) bool { return u.Name == t.Name }) {
			list = append(list, t)
		}
	}
	return list
}

// Instances lists, with their arguments, the templates among kernels that the file's host code names: where it launches
// them, and where it asks for their attributes. A name that the host code gives a type or
// a number by using, typedef or const is put in, and float for types that its own template leaves open.
func (f *File) Instances(templates []Template) (list []string) {
	p := f.parser
	for _, s := range f.host {
		for i := s.from; i+1 < s.to; i++ {
			if p.tokens[i].kind != word || !p.is(i+1, "<") {
				continue
			}
			at := slices.IndexFunc(templates, func(t Template) bool { return lastPart(t.Name) == p.of(i) })
			end := p.angle(i + 1)
			if at < 0 || end == i+1 || end >= s.to {
				continue
			}
			name := templates[at].Name + "<" + f.resolve(i+2, end, s, 4) + ">"
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// resolve is the text of tokens with the names put in that are defined before them in the same function.
func (f *File) resolve(from, to int, function span, depth int) string {
	p := f.parser
	var text strings.Builder
	for i := from; i < to; i++ {
		if i > from && p.tokens[i].start > p.tokens[i-1].end {
			text.WriteByte(' ')
		}
		part := p.of(i)
		if a, b := f.definition(part, function.from, from); b > a && p.tokens[i].kind == word && depth > 0 {
			part = f.resolve(a, b, function, depth-1)
			if b > a+1 && !p.is(a+1, "<") && !p.is(a+1, "::") {
				part = "(" + part + ")"
			}
		}
		if p.tokens[i].kind == word && f.isTypeParameter(p.of(i), function.from, from) {
			part = standIn
		}
		text.WriteString(part)
	}
	return text.String()
}

// standIn is the type that stands for those that nobody names.
const standIn = "float"

// isTypeParameter says whether a name is a type that the function has as a parameter of its template, or one of PyTorch's dispatch.
func (f *File) isTypeParameter(name string, from, to int) bool {
	p := f.parser
	for i := from; i+1 < to; i++ {
		if (p.is(i, "typename") || p.is(i, "class")) && p.is(i+1, name) {
			return true
		}
	}
	return name == "scalar_t"
}

// definition finds what a name of a function stands for: "using T = float;", "typedef float T;", "const int N = 256;".
func (f *File) definition(name string, from, to int) (begin, end int) {
	p := f.parser
	for i := to - 1; i > from; i-- {
		if p.tokens[i].kind != word || p.of(i) != name {
			continue
		}
		switch {
		case p.is(i+1, "=") && p.is(i-1, "using"), p.is(i+1, "=") && f.isConstant(i, from):
			begin = i + 2
		case p.is(i+1, ";"):
			for begin = i; begin > from && !p.is(begin, ";") && !p.is(begin, "{") && !p.is(begin, "typedef"); begin-- {
			}
			if p.is(begin, "typedef") {
				return begin + 1, i
			}
			return 0, 0
		default:
			continue
		}
		for end = begin; end < to && !p.is(end, ";") && !p.is(end, ","); end++ {
		}
		return begin, end
	}
	return 0, 0
}

// isConstant says whether what is declared at a token has const or constexpr before it.
func (f *File) isConstant(i, from int) bool {
	p := f.parser
	for i--; i > from && p.tokens[i].kind == word; i-- {
		if p.is(i, "const") || p.is(i, "constexpr") {
			return true
		}
	}
	return false
}
