package inspect

import (
	"debug/dwarf"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ianlancetaylor/demangle"

	"cnn-gpu/device/sim"
)

// Kernel is a kernel of a file.
type Kernel struct {
	Name       string      `json:"name"`        // as C++ has it, with template arguments
	LinkerName string      `json:"linker_name"` // as it stands in the PTX
	Parameters []Parameter `json:"parameters"`
}

// Parameter is a parameter of a kernel.
type Parameter struct {
	Name  string `json:"name"` // empty where the file does not tell
	Type  string `json:"type"` // as C++ has it, or its size
	Bytes uint64 `json:"bytes"`

	kind   dwarf.Type
	offset uint64
}

// String writes the kernel as a declaration.
func (k Kernel) String() string {
	var list []string
	for _, p := range k.Parameters {
		list = append(list, p.String())
	}
	return k.Name + "(" + strings.Join(list, ", ") + ")"
}

func (p Parameter) String() string { return strings.TrimSpace(p.Type + " " + p.Name) }

// place says which parameter it is, for people: by its name, or by its number from 1.
func (k Kernel) place(i int) string {
	if name := k.Parameters[i].Name; name != "" {
		return name
	}
	return fmt.Sprint(i + 1)
}

// newKernel describes a kernel by the debug data, or else by its mangled name, or else by the PTX.
func newKernel(linkerName string, params []sim.Param, info *debugInfo) Kernel {
	k := Kernel{Name: demangled(linkerName), LinkerName: linkerName}
	known := info.kernels[linkerName]
	if len(known) != len(params) {
		known = mangledParameters(linkerName)
	}
	for i, p := range params {
		one := Parameter{Bytes: p.Size, offset: p.Offset, kind: paramType(p)}
		if len(known) == len(params) {
			one.Name = known[i].name
			if kind := known[i].kind; kind != nil && (kind.Size() == int64(p.Size) || kind.Size() < 0) {
				one.kind = kind
			}
		}
		one.Type = typeName(one.kind)
		k.Parameters = append(k.Parameters, one)
	}
	return k
}

// demangled is the C++ name of a kernel or a variable, without parameters and what it returns.
func demangled(linkerName string) string {
	a, err := demangle.ToAST(linkerName)
	if err != nil {
		return linkerName
	}
	if typed, ok := a.(*demangle.Typed); ok {
		a = typed.Name
	}
	return internal.ReplaceAllString(demangle.ASTToString(a), "")
}

// internal is the namespace that the compiler puts what is static into.
var internal = regexp.MustCompile(`_INTERNAL_\w+::|\(anonymous namespace\)::`)

// The types and suffixes of template arguments that are numbers.
var (
	argumentType   = regexp.MustCompile(`\((?:unsigned)?(?:bool|char|short|int|long)+\)(-?\d)`)
	argumentSuffix = regexp.MustCompile(`\b(\d+)[uUlL]+\b`)
)

// plain is a name without what C++ does not mind: blanks, and the types and suffixes of template arguments that are numbers.
func plain(name string) string {
	name = argumentType.ReplaceAllString(strings.Join(strings.Fields(name), ""), "$1")
	return argumentSuffix.ReplaceAllString(name, "$1")
}

// withoutArguments is a name without its template arguments.
func withoutArguments(name string) string {
	name, _, _ = strings.Cut(name, "<")
	return name
}

func lastPart(name string) string {
	base := withoutArguments(name)
	return name[strings.LastIndex(base, ":")+1:]
}

// findName finds what is called so among linker names: by the linker's name, by the whole C++ name, or by as much of it as is enough:
// without namespaces, without template arguments.
func findName(names []string, wanted string) (found []string) {
	if slices.Contains(names, wanted) {
		return []string{wanted}
	}
	wanted = plain(wanted)
	plainNames := make([]string, len(names))
	for i, name := range names {
		plainNames[i] = plain(demangled(name))
	}
	for _, matches := range []func(name string) bool{
		func(name string) bool { return name == wanted },
		func(name string) bool { return lastPart(name) == wanted },
		func(name string) bool { return withoutArguments(name) == wanted },
		func(name string) bool { return withoutArguments(lastPart(name)) == wanted },
	} {
		for i, name := range names {
			if matches(plainNames[i]) {
				found = append(found, name)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// findKernel finds a kernel by its name, or the only one where none is given.
func (p *program) findKernel(wanted string) (Kernel, error) {
	all := p.kernels
	if linkerName := p.instances[wanted]; linkerName != "" {
		wanted = linkerName
	}
	var names []string
	for _, k := range all {
		names = append(names, k.LinkerName)
	}
	found := names
	if wanted != "" {
		found = findName(names, wanted)
	}
	if len(found) == 1 {
		return all[slices.Index(names, found[0])], nil
	}
	for _, b := range p.broken {
		if len(found) == 0 && wanted != "" && (b.Name == wanted || lastPart(b.Name) == wanted) {
			return Kernel{}, &NotUnderstoodError{b.Why}
		}
	}
	var list strings.Builder
	for _, k := range all {
		if len(found) == 0 || slices.Contains(found, k.LinkerName) {
			fmt.Fprintf(&list, "\n  %s", k)
		}
	}
	for _, t := range p.templates {
		fmt.Fprintf(&list, "\n  %s, a template: name it with its arguments", t)
	}
	switch {
	case list.Len() == 0:
		return Kernel{}, notUnderstood("%s: there is no kernel (__global__ function) in it", p.file)
	case len(found) > 1 && wanted != "":
		return Kernel{}, notUnderstood("%s: several kernels are called %s; name one of them with all of its name, or its linker name:%s%s", p.file, wanted, list.String(), p.linkerNames(found))
	case wanted == "":
		return Kernel{}, notUnderstood("%s: name one of its kernels:%s", p.file, list.String())
	}
	return Kernel{}, notUnderstood("%s: no kernel %q; there are:%s", p.file, wanted, list.String())
}

// linkerNames lists the linker's names where those of C++ do not tell kernels apart, as of overloaded functions.
func (p *program) linkerNames(names []string) string {
	seen := map[string]bool{}
	for _, name := range names {
		seen[demangled(name)] = true
	}
	if len(seen) == len(names) {
		return ""
	}
	return "\n  " + strings.Join(names, "\n  ")
}
