package inspect

import (
	"debug/dwarf"
	"encoding/binary"
	"strconv"
	"strings"
)

// debugInfo is what the compiler says of a program's kernels and variables with the option -G: their names and types. Keys are the
// linker's names.
type debugInfo struct {
	kernels   map[string][]parameter
	variables map[string]dwarf.Type
}

// parameter is a parameter of a kernel. What a compiler did not tell stays empty: the name, or nil for the type.
type parameter struct {
	name string
	kind dwarf.Type
}

// linkageNames are the attributes that hold the linker's name: DWARF 4's, and the one that compilers used before.
var linkageNames = []dwarf.Attr{dwarf.AttrLinkageName, 0x2007}

// readDebugInfo reads the debug data in a text of PTX. Where there is none, or none that can be read, nothing is known.
func readDebugInfo(ptx []byte) *debugInfo {
	info := &debugInfo{map[string][]parameter{}, map[string]dwarf.Type{}}
	s := assemble(string(ptx))
	data, err := dwarf.New(s[".debug_abbrev"], nil, nil, s[".debug_info"], nil, nil, nil, s[".debug_str"])
	if err != nil || len(s[".debug_info"]) == 0 {
		return info
	}
	entries := data.Reader()
	for {
		e, err := entries.Next()
		if err != nil || e == nil {
			return info
		}
		switch e.Tag {
		case dwarf.TagSubprogram:
			parameters := readParameters(data, entries, e)
			for _, name := range namesOf(e) {
				info.kernels[name] = parameters
			}
		case dwarf.TagVariable:
			for _, name := range namesOf(e) {
				info.variables[name] = typeOf(data, e)
			}
		}
	}
}

func namesOf(e *dwarf.Entry) (names []string) {
	for _, attribute := range append(linkageNames, dwarf.AttrName) {
		if name, ok := e.Val(attribute).(string); ok {
			names = append(names, name)
		}
	}
	return names
}

// readParameters reads what lies in a function's entry, to its end.
func readParameters(data *dwarf.Data, entries *dwarf.Reader, function *dwarf.Entry) (all []parameter) {
	for depth := 0; function.Children; {
		e, err := entries.Next()
		switch {
		case err != nil || e == nil || e.Tag == 0 && depth == 0:
			return all
		case e.Tag == 0:
			depth--
			continue
		case e.Tag == dwarf.TagFormalParameter && depth == 0:
			name, _ := e.Val(dwarf.AttrName).(string)
			all = append(all, parameter{name, typeOf(data, e)})
		}
		if e.Children {
			depth++
		}
	}
	return all
}

func typeOf(data *dwarf.Data, e *dwarf.Entry) dwarf.Type {
	offset, ok := e.Val(dwarf.AttrType).(dwarf.Offset)
	if !ok {
		return nil
	}
	t, err := data.Type(offset)
	if err != nil {
		return nil
	}
	return t
}

// assemble gives the bytes of the sections of debug data (PTX ISA, "Debugging Directives"): numbers of .b8 to .b64, and labels, which stand for
// offsets in their section. Addresses of code and variables are 0.
func assemble(ptx string) map[string][]byte {
	sections, labels := map[string][]byte{}, map[string]uint64{}
	for range 2 { // labels may stand behind what names them
		name := ""
		for line := range strings.Lines(ptx) {
			line, _, _ = strings.Cut(line, "//")
			words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\r\n,{", r) })
			switch {
			case len(words) == 0:
			case words[0] == ".section" && len(words) > 1:
				name = words[1]
				sections[name] = nil
			case name == "":
			case words[0] == "}":
				name = ""
			case strings.HasSuffix(words[0], ":"):
				labels[strings.TrimSuffix(words[0], ":")] = uint64(len(sections[name]))
			default:
				bits, err := strconv.Atoi(strings.TrimPrefix(words[0], ".b"))
				if err != nil || bits < 8 || bits > 64 {
					continue
				}
				for _, word := range words[1:] {
					value := binary.LittleEndian.AppendUint64(nil, number(word, labels))
					sections[name] = append(sections[name], value[:bits/8]...)
				}
			}
		}
	}
	return sections
}

// number reads a number, or the sum of a label and a number.
func number(word string, labels map[string]uint64) uint64 {
	label, addend, _ := strings.Cut(word, "+")
	if n, err := strconv.ParseInt(word, 0, 64); err == nil {
		return uint64(n)
	}
	if n, err := strconv.ParseUint(word, 0, 64); err == nil {
		return n
	}
	n, _ := strconv.ParseUint(addend, 0, 64)
	return labels[label] + n
}
