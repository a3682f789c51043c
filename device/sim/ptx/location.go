package ptx

import (
	"bytes"
	"strconv"
	"strings"
)

// place is a Location without what was inlined where.
type place struct{ file, line, column int32 }

// file reads ".file index "name" [, time, size]".
func (p *parser) file() {
	p.next()
	index := p.count("a file's index")
	if p.kind != stringToken {
		p.failToken("a file's name")
	}
	p.module.Files[int(index)] = p.text
	p.next()
	for p.accept(",") {
		p.next()
	}
}

// loc reads ".loc file line column [, function_name label [+ offset], inlined_at file line column]" (section "Debugging Directives").
func (p *parser) loc() {
	p.next()
	here := p.place()
	loc := Location{File: here.file, Line: here.line, Column: here.column, Caller: -1}
	for p.accept(",") {
		switch p.text {
		case "function_name":
			p.next()
			loc.Function = p.name("the label of a function's name")
			if p.accept("+") {
				loc.Function += "+" + strconv.FormatUint(p.count("an offset"), 10)
			}
		case "inlined_at":
			p.next()
			caller := p.place()
			index, known := p.places[caller]
			if !known {
				index = p.addLocation(Location{File: caller.file, Line: caller.line, Column: caller.column, Caller: -1})
			}
			loc.Caller = index
		default:
			p.failToken("function_name or inlined_at")
			return
		}
	}
	if here.line == 0 { // code that has no line of its own stays with the line before
		return
	}
	p.location = p.addLocation(loc)
}

func (p *parser) place() place {
	return place{int32(p.count("a file's index")), int32(p.count("a line")), int32(p.count("a column"))}
}

// addLocation returns the index of the location. A caller's index is always below those of what was inlined in it, so that the
// chain of callers ends.
func (p *parser) addLocation(loc Location) int32 {
	index, known := p.locations[loc]
	if !known {
		index = int32(len(p.function.Locations))
		p.function.Locations = append(p.function.Locations, loc)
		p.locations[loc] = index
	}
	p.places[place{loc.File, loc.Line, loc.Column}] = index
	return index
}

// section reads a section of debug data. Only the strings, which hold the names of inlined functions, are kept.
func (p *parser) section() {
	p.next()
	name := p.name("a section's name")
	p.expect("{")
	if name != ".debug_str" {
		p.skipTo("}")
		return
	}
	for p.kind != endToken && !p.isToken("}") {
		if p.accept(".b8") {
			p.strings = append(p.strings, byte(p.constant().Value))
			for p.accept(",") {
				p.strings = append(p.strings, byte(p.constant().Value))
			}
			continue
		}
		p.stringLabels[p.name("a label or .b8")] = len(p.strings)
		p.expect(":")
	}
	p.expect("}")
}

// nameInlined puts names in the place of labels: the strings stand behind the functions.
func (p *parser) nameInlined() {
	for _, f := range p.module.Functions {
		for i := range f.Locations {
			label, offset, _ := strings.Cut(f.Locations[i].Function, "+")
			start, known := p.stringLabels[label]
			if !known {
				continue
			}
			n, _ := strconv.Atoi(offset)
			name, _, _ := bytes.Cut(p.strings[min(start+n, len(p.strings)):], []byte{0})
			f.Locations[i].Function = string(name)
		}
	}
}
