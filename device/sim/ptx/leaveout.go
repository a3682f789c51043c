package ptx

// leaveOut goes on behind a function or a variable that could not be read: it stays in the module with its error, which whoever uses it
// gets. Errors elsewhere stay errors of the whole text. start is where the statement begins.
func (p *parser) leaveOut(start scanner) {
	failure := p.firstError
	p.scanner = start
	p.scopes, p.scratch = p.scopes[:0], p.scratch[:0]
	linkage := Private
	for linkages[p.text] != Private {
		linkage = linkages[p.text]
		p.next()
	}
	line, directive := p.line, p.text
	name, hasBody := p.skipStatement(directive == ".entry" || directive == ".func")
	known := p.functions[name] != nil && p.functions[name].HasBody || p.variables[name] != nil
	switch {
	case name == "" || known || p.firstError != nil:
		p.firstError = failure
		p.kind, p.text, p.pos = endToken, "", len(p.src)
	case directive == ".entry" || directive == ".func":
		f := &Function{Name: name, Kernel: directive == ".entry", HasBody: hasBody, Linkage: linkage, Line: line, Err: failure}
		p.functions[name] = f
		p.module.Functions = append(p.module.Functions, f)
	default:
		p.declareInModule(&Variable{Name: name, Space: spaces[directive], Linkage: linkage, Line: line, Err: failure})
	}
}

// forget drops what was read of functions from that index on.
func (p *parser) forget(functions int) {
	for _, f := range p.module.Functions[functions:] {
		if p.functions[f.Name] == f {
			delete(p.functions, f.Name)
		}
	}
	p.module.Functions = p.module.Functions[:functions]
}

// skipStatement moves behind a declaration: to its semicolon, or to the end of a function's body. The name is the first word outside
// parentheses and brackets that is no directive.
func (p *parser) skipStatement(function bool) (name string, hasBody bool) {
	switch p.text {
	case ".entry", ".func", ".global", ".const", ".shared":
	default:
		return "", false
	}
	for depth := 0; p.kind != endToken; p.next() {
		switch {
		case p.kind == wordToken && p.text[0] != '.' && depth == 0 && name == "":
			name = p.text
		case p.kind != signToken:
		case p.text == "(" || p.text == "[":
			depth++
		case p.text == ")" || p.text == "]":
			depth--
		case p.text == "{":
			if hasBody = function && depth == 0 && name != ""; hasBody {
				p.skipBody()
				return name, hasBody
			}
			depth++
		case p.text == "}":
			depth--
		case p.text == ";" && depth == 0:
			p.next()
			return name, false
		}
	}
	return "", false
}

// skipBody moves behind "{ ... }".
func (p *parser) skipBody() {
	depth := 0
	for p.kind != endToken {
		if p.isToken("{") {
			depth++
		} else if p.isToken("}") {
			depth--
		}
		p.next()
		if depth == 0 {
			return
		}
	}
	p.fail("the text ends within a function")
}
