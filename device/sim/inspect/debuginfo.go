package inspect

import (
	"debug/dwarf"
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
func readDebugInfo(ptx []byte) *debugInfo { return readSections(assemble(string(ptx))) }

func readSections(s map[string][]byte) *debugInfo {
	info := &debugInfo{map[string][]parameter{}, map[string]dwarf.Type{}}
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
	if err != nil || !isSound(t, map[dwarf.Type]bool{}) {
		return nil
	}
	return t
}

// isSound says that a type does not hold itself, but behind a struct that a pointer leads to, and that its parts lie in it. Of others not
// even the size can be asked for. Seen holds what is being looked at (false) and what is sound (true).
func isSound(t dwarf.Type, seen map[dwarf.Type]bool) bool {
	if done, known := seen[t]; known {
		return done
	}
	seen[t] = false
	sound := true
	switch t := t.(type) {
	case nil:
	case *dwarf.QualType:
		sound = isSound(t.Type, seen)
	case *dwarf.TypedefType:
		sound = isSound(t.Type, seen)
	case *dwarf.ArrayType:
		sound = isSound(t.Type, seen) && t.Count >= 0 && t.Count <= maxBuffer && t.Type.Size() >= 0 && t.Type.Size() <= maxBuffer
	case *dwarf.PtrType:
		_, isStruct := bare(t.Type).(*dwarf.StructType)
		sound = isStruct || isSound(t.Type, seen)
	case *dwarf.StructType:
		for _, f := range t.Field {
			sound = sound && isSound(f.Type, seen) && f.ByteOffset >= 0 && f.ByteOffset+f.Type.Size() <= t.ByteSize
		}
	}
	seen[t] = sound
	return sound
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
					sections[name] = appendBytes(sections[name], number(word, labels), bits/8)
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
