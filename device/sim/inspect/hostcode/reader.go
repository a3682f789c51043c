package hostcode

import (
	"slices"
	"strings"
)

// reader reads one declaration.
type reader struct {
	*parser
	d       declaration
	inClass bool

	typeWord   bool // struct and its like stand in it
	parameters bool // it has parameters, and so is a function
	constant   bool
}

// read goes to the end of a declaration, from behind the parameters of a template on.
func (r *reader) read(i int) (end int) {
	start := i
	for i < len(r.tokens) {
		switch t := r.of(i); {
		case r.tokens[i].kind == literal:
			i++
		case r.tokens[i].kind == word:
			i = r.word(i)
		case t == ";":
			r.finish()
			return i + 1
		case t == "}":
			r.finish()
			return i
		case t == "(":
			i = r.parenthesis(i) + 1
			if r.isMacro(start, i) {
				r.d.form, r.d.name = macro, r.of(start)
				return i
			}
		case t == "[":
			i = r.match(i) + 1
		case t == "<":
			i = r.angle(i) + 1
		case t == ":" && r.parameters && !r.typeWord:
			i = r.initializers(i + 1)
		case t == "=":
			r.finish()
			return r.toSemicolon(i)
		case t == "{":
			end, done := r.brace(i)
			if done {
				return end
			}
			i = end
		default:
			i++
		}
	}
	r.finish()
	return i
}

// word takes note of a word and says where it goes on.
func (r *reader) word(i int) (next int) {
	t := r.of(i)
	switch {
	case t == "__global__":
		r.d.device, r.d.kernel = true, true
	case t == "__device__" || t == "__constant__" || t == "__shared__" || t == "__managed__" || t == "constexpr" || t == "consteval" || t == "constinit":
		r.d.device = true
	case t == "const":
		r.constant = true
	case t == "virtual" || t == "friend" && r.inClass && !r.isFunctionAhead(i):
		r.d.form = other
	case t == "struct" || t == "class" || t == "union" || t == "enum":
		r.typeWord = !r.parameters
	case t == "operator":
		for i++; i < len(r.tokens) && !r.is(i, "("); i++ {
		}
		if r.is(i, "(") && r.is(i+1, ")") && r.is(i+2, "(") {
			i += 2
		}
		r.d.name = "operator"
		if r.is(i, "(") {
			r.parameters = true
			return r.match(i) + 1
		}
		return i
	case r.macros.isDevice(t):
		r.d.device = true
		r.d.kernel = r.d.kernel || r.macros.isKernel(t)
	}
	return i + 1
}

// isFunctionAhead says whether a friend is a function.
func (r *reader) isFunctionAhead(i int) bool {
	for ; i < len(r.tokens) && !r.is(i, ";") && !r.is(i, "{"); i++ {
		if r.is(i, "(") {
			return true
		}
	}
	return false
}

// parenthesis reads what is in parentheses and says where they end.
func (r *reader) parenthesis(i int) int {
	end := r.match(i)
	if i == 0 || r.typeWord && !r.inFunctionHead(i) || r.isPointerToFunction(i) {
		return end
	}
	before := i - 1
	if r.is(before, ">") { // a specialization
		for before > r.d.from && !r.is(before, "<") {
			before--
		}
		before--
	}
	if before < r.d.from || r.tokens[before].kind != word || slices.Contains(attributes, r.of(before)) {
		return end
	}
	isFirst := !r.parameters || r.d.name == strings.ToUpper(r.d.name) // that was a macro, like LAUNCH_BOUNDS(256)
	if name := r.of(before); isFirst && !(r.macros.isDevice(name) && before == r.d.from) {
		r.parameters, r.d.name = true, r.qualified(before)
		r.d.body = 0
	}
	return end
}

// isPointerToFunction says whether a parenthesis holds the name of a pointer to a function, of a reference or of a pointer to a member.
func (r *reader) isPointerToFunction(i int) bool {
	for i++; i+1 < len(r.tokens) && r.tokens[i].kind == word && r.is(i+1, "::"); i += 2 {
	}
	return r.is(i, "*") || r.is(i, "&")
}

// inFunctionHead says whether a parenthesis behind "struct X" holds the parameters of a function that returns one.
func (r *reader) inFunctionHead(i int) bool {
	words := 0
	for j := i - 1; j >= r.d.from && !r.is(j, "struct") && !r.is(j, "class") && !r.is(j, "enum") && !r.is(j, "union"); j-- {
		if r.tokens[j].kind == word && !slices.Contains(attributes, r.of(j)) {
			words++
		}
	}
	if words >= 2 && i > 0 && !slices.Contains(attributes, r.of(i-1)) && !r.macros.isFunction(r.of(i-1)) {
		r.typeWord = false
		return true
	}
	return false
}

// qualified is a name with the classes before it.
func (r *reader) qualified(i int) string {
	name := r.of(i)
	for i >= r.d.from+2 && r.is(i-1, "::") && r.tokens[i-2].kind == word {
		i -= 2
		name = r.of(i) + "::" + name
	}
	return name
}

// isMacro says whether "NAME(...)" at the begin of a declaration is all of it: what follows begins another one.
func (r *reader) isMacro(start, next int) bool {
	if next >= len(r.tokens) || r.inClass || r.d.from != start || r.tokens[start].kind != word || !r.is(start+1, "(") || r.match(start+1)+1 != next {
		return false
	}
	if r.tokens[next].kind != word || slices.Contains(attributes, r.of(start)) || r.macros.isDevice(r.of(start)) && !r.macros.isFunction(r.of(start)) {
		return false
	}
	return r.tokens[next].line > r.tokens[next-1].line && r.of(next) != "const" && r.of(next) != "noexcept"
}

// initializers skips those of a constructor, up to the brace of its body.
func (r *reader) initializers(i int) int {
	for i < len(r.tokens) {
		switch {
		case r.is(i, "("):
			i = r.match(i) + 1
		case r.is(i, "<"):
			i = r.angle(i) + 1
		case r.is(i, "{"):
			if r.tokens[i-1].kind != word && !r.is(i-1, ">") {
				return i
			}
			i = r.match(i) + 1
			if !r.is(i, ",") {
				return i
			}
		case r.is(i, ";"), r.is(i, "}"):
			return i
		default:
			i++
		}
	}
	return i
}

// brace reads what is in braces. It says where it goes on, and whether the declaration is over.
func (r *reader) brace(i int) (next int, done bool) {
	next = r.match(i) + 1
	switch {
	case r.typeWord && !r.parameters:
		if r.d.form == variable {
			r.d.form = class
		}
		if r.d.name == "" {
			r.d.name = r.typeName(i)
		}
		if !r.isEnum(i) && r.d.body == 0 {
			r.d.body = i
			r.d.members, _ = r.declarations(i+1, append(slices.Clone(r.d.scope), r.d.name), true)
		}
	case r.parameters && (r.d.form != other || r.inClass):
		r.d.body = i
		r.finish()
		return next, true
	}
	return next, false
}

func (r *reader) isEnum(i int) bool {
	for j := r.d.from; j < i; j++ {
		if r.is(j, "enum") {
			return true
		}
	}
	return false
}

// typeName is the name of a class before its brace.
func (r *reader) typeName(brace int) string {
	for j := r.d.from; j < brace; j++ {
		if !r.is(j, "struct") && !r.is(j, "class") && !r.is(j, "union") && !r.is(j, "enum") {
			continue
		}
		name := ""
		for j++; j < brace; j++ {
			switch {
			case r.is(j, "("):
				j = r.match(j)
			case r.is(j, ":"), r.is(j, "<"):
				return name
			case r.tokens[j].kind == word && !slices.Contains(attributes, r.of(j)) && !r.is(j, "final"):
				name = r.of(j)
			}
		}
		return name
	}
	return ""
}

// toSemicolon skips what a variable is initialized with, or what stands in place of a body.
func (r *reader) toSemicolon(i int) int {
	if r.is(i+1, "default") || r.is(i+1, "delete") || r.is(i+1, "0") {
		r.d.form = other
	}
	for ; i < len(r.tokens); i++ {
		switch {
		case r.is(i, "("), r.is(i, "["), r.is(i, "{"):
			i = r.match(i)
		case r.is(i, ";"):
			return i + 1
		case r.is(i, "}"):
			return i
		}
	}
	return i
}

// finish says what it was.
func (r *reader) finish() {
	switch {
	case r.d.form != variable:
	case r.parameters && !r.typeWord:
		r.d.form = function
	case r.typeWord:
		r.d.form = other // struct X; and the like
	case r.inClass || r.constant:
		r.d.form = other
	}
}
