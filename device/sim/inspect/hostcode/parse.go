package hostcode

import (
	"slices"
	"strings"
)

// declaration is one of a namespace or of a class.
type declaration struct {
	from, to int // tokens
	form     form
	name     string   // what it declares, as far as that can be seen; of a function what stands before the parameters
	scope    []string // the namespaces and classes around it
	device   bool     // runs on the GPU, lies there or is known when the program is compiled
	kernel   bool
	template []string      // the parameters of a template
	body     int           // the token that opens the body, or 0
	members  []declaration // of a class
}

// fullName is the name with the namespaces and classes around it.
func (d declaration) fullName() string {
	return strings.Join(append(slices.Clone(d.scope), d.name), "::")
}

type form uint8

const (
	other    form = iota // what has to stay: types, names for types, assertions
	function             // declared or defined
	variable
	class
	macro // a macro that stands for a declaration
)

// parser reads declarations. It knows so much of C++ that it finds where they end and what they are; what it does not understand is left
// as it stands.
type parser struct {
	*lexer
	macros Macros
	unread []token // those of branches that are not read
}

// read makes a parser of a text.
func read(l *lexer, macros Macros) *parser {
	hidden := unread(l)
	kept := *l
	kept.tokens, kept.directives = nil, slices.Clone(l.directives)
	p := &parser{lexer: &kept, macros: macros}
	d := 0
	for i, t := range l.tokens {
		for ; d < len(kept.directives) && l.directives[d].at <= i; d++ {
			kept.directives[d].at = len(kept.tokens)
		}
		if hidden[i] {
			p.unread = append(p.unread, t)
		} else {
			kept.tokens = append(kept.tokens, t)
		}
	}
	for ; d < len(kept.directives); d++ {
		kept.directives[d].at = len(kept.tokens)
	}
	return p
}

// end is where the text of tokens before a token ends, that of branches with it that are not read and follow at once.
func (p *parser) end(to int) int {
	end, next := p.tokens[to-1].end, len(p.text)
	if to < len(p.tokens) {
		next = p.tokens[to].start
	}
	for _, t := range p.unread {
		if t.start >= end && t.start < next {
			end = t.end
		}
	}
	return end
}

// declarations reads those from a token on, to the brace that ends them or to the end, and says where that is.
func (p *parser) declarations(i int, scope []string, inClass bool) (all []declaration, end int) {
	for i < len(p.tokens) && !p.is(i, "}") {
		switch {
		case p.is(i, ";"):
			i++
		case inClass && p.tokens[i].kind == word && p.is(i+1, ":") && slices.Contains([]string{"public", "private", "protected"}, p.of(i)):
			i += 2
		default:
			if inner, open := p.namespace(i); open > 0 {
				around := scope
				if inner != "" {
					around = append(slices.Clone(scope), strings.Split(inner, "::")...)
				}
				var list []declaration
				list, i = p.declarations(open+1, around, false)
				all = append(all, list...)
				i++
				continue
			}
			d := p.declaration(i, scope, inClass)
			all = append(all, d)
			i = max(d.to, i+1)
		}
	}
	return all, i
}

// namespace finds the brace that opens a namespace or a block of extern "C"; 0 if there is none.
func (p *parser) namespace(i int) (name string, open int) {
	switch {
	case p.is(i, "extern") && i+2 < len(p.tokens) && p.tokens[i+1].kind == literal && p.is(i+2, "{"):
		return "", i + 2
	case p.is(i, "inline") && p.is(i+1, "namespace"):
		i++
	case !p.is(i, "namespace"):
		return "", 0
	}
	for i++; i < len(p.tokens); i++ {
		switch {
		case p.is(i, "{"):
			return name, i
		case p.is(i, ";"), p.is(i, "="):
			return "", 0
		case p.is(i, "["), p.is(i, "("):
			i = p.match(i)
		case p.is(i, "inline"):
		default:
			name += p.of(i)
		}
	}
	return "", 0
}

// match is the token that closes a parenthesis, bracket or brace, or the last token.
func (p *parser) match(open int) int {
	depth := 0
	for i := open; i < len(p.tokens); i++ {
		if p.tokens[i].kind == literal {
			continue
		}
		switch p.of(i) {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(p.tokens) - 1
}

// angle is the token that closes template arguments or parameters, or the opening one itself if they are none.
func (p *parser) angle(open int) int {
	depth := 0
	for i := open; i < len(p.tokens); i++ {
		if p.tokens[i].kind == literal {
			continue
		}
		switch p.of(i) {
		case "<":
			depth++
		case ">":
			if depth--; depth == 0 {
				return i
			}
		case "(", "[":
			i = p.match(i)
		case ";", "{", "}", ")", "]", "&&", "||":
			if s := p.of(i); s == "{" && depth > 0 && p.match(i) < len(p.tokens)-1 && p.is(p.match(i)+1, ">") {
				i = p.match(i) // a value in braces
				continue
			} else if s == "&&" && i+1 < len(p.tokens) && (p.is(i+1, ">") || p.is(i+1, ",") || p.is(i+1, "...")) {
				continue // a reference
			} else if (s == "&&" || s == "||") && depth > 0 {
				continue
			}
			return open
		}
	}
	return open
}

// attributes are words whose parentheses are no parameters.
var attributes = []string{"__launch_bounds__", "__align__", "alignas", "__attribute__", "__declspec", "decltype", "noexcept", "__cluster_dims__", "__block_size__",
	"__maxnreg__", "requires", "explicit", "asm", "__asm__", "typeof", "__typeof__", "sizeof"}

// leaders begin what has to stay, whatever it is.
var leaders = []string{"typedef", "using", "static_assert", "namespace", "asm", "_Static_assert", "concept"}

// declaration reads the one that begins at a token.
func (p *parser) declaration(start int, scope []string, inClass bool) declaration {
	r := reader{parser: p, d: declaration{from: start, scope: scope, form: variable}, inClass: inClass}
	i := start
	if p.is(i, "template") && p.is(i+1, "<") {
		if end := p.angle(i + 1); end > i+1 {
			r.d.template = p.templateParameters(i+2, end)
			i = end + 1
			for p.is(i, "template") && p.is(i+1, "<") { // a template of a class of templates
				i = p.angle(i+1) + 1
			}
		}
	}
	if i < len(p.tokens) && slices.Contains(leaders, p.of(i)) {
		r.d.form = other
	}
	r.d.to = r.read(i)
	return r.d
}

// templateParameters are the parameters between two angle brackets.
func (p *parser) templateParameters(from, to int) (list []string) {
	begin := from
	for i := from; i <= to; i++ {
		switch {
		case i == to || p.is(i, ","):
			if i > begin {
				list = append(list, p.text[p.tokens[begin].start:p.tokens[i-1].end])
			}
			begin = i + 1
		case p.is(i, "(") || p.is(i, "["):
			i = p.match(i)
		case p.is(i, "<"):
			i = p.angle(i)
		}
	}
	return list
}
