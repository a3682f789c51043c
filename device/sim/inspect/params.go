package inspect

import (
	"debug/dwarf"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/internal/wording"
)

// params lays out the kernel's parameters from the arguments of a step.
func (r *runner) params(k Kernel, step *Step) ([]byte, error) {
	nodes, err := r.assign(k, step)
	if err != nil {
		return nil, err
	}
	end := uint64(0)
	for _, p := range k.Parameters {
		end = max(end, p.offset+p.Bytes)
	}
	params := make([]byte, end)
	for i, p := range k.Parameters {
		to := place{name: k.place(i), kind: p.kind, bytes: params[p.offset : p.offset+p.Bytes]}
		if err := r.encode(to, nodes[i]); err != nil {
			return nil, notUnderstood("%s: argument %w", k.Name, err)
		}
	}
	return params, nil
}

// assign finds the value for each parameter: those with a name first, the others take what is left in its order.
func (r *runner) assign(k Kernel, step *Step) ([]*yaml.Node, error) {
	nodes := make([]*yaml.Node, len(k.Parameters))
	for _, v := range step.Args {
		if v.Name == "" {
			continue
		}
		at := slices.IndexFunc(k.Parameters, func(p Parameter) bool { return p.Name == v.Name })
		if n, err := strconv.Atoi(v.Name); err == nil {
			at = n - 1
		}
		switch {
		case at < 0 || at >= len(nodes):
			return nil, notUnderstood("there is no parameter %s in %s", v.Name, k)
		case nodes[at] != nil:
			return nil, notUnderstood("argument %s was given twice for %s", k.place(at), k)
		}
		nodes[at] = v.node
	}
	for _, v := range step.Args {
		if v.Name != "" {
			continue
		}
		at := slices.Index(nodes, nil)
		if at < 0 {
			return nil, notUnderstood("%s takes %d arguments, more were given", k, len(nodes))
		}
		nodes[at] = v.node
	}
	if slices.Contains(nodes, nil) {
		return nil, r.missing(k, step, nodes)
	}
	return nodes, nil
}

// missing says which arguments are missing, and gives a command that would do.
func (r *runner) missing(k Kernel, step *Step, nodes []*yaml.Node) error {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: arguments are missing:", k)
	for i, p := range k.Parameters {
		if nodes[i] == nil {
			fmt.Fprintf(&s, "\n  %-12s %-24s as in --arg %s", k.place(i), p.Type, wording.Argument(k.place(i)+"="+exampleValue(p.kind)))
		}
	}
	if r.script.Command == "" {
		return notUnderstood("%s", s.String())
	}
	fmt.Fprintf(&s, "\nfor example:\n  %s", r.script.Command)
	for i, p := range k.Parameters {
		if nodes[i] == nil {
			fmt.Fprintf(&s, " --arg %s", wording.Argument(k.place(i)+"="+exampleValue(p.kind)))
		}
	}
	return notUnderstood("%s", s.String())
}

// exampleValue is a value that a parameter of the type takes.
func exampleValue(t dwarf.Type) string {
	switch inner := bare(t).(type) {
	case *dwarf.PtrType:
		form := "zeros"
		if q, ok := inner.Type.(*dwarf.QualType); ok && q.Qual == "const" {
			form = "random"
		}
		if n, ok := numberFor(element(inner.Type)); ok {
			return form + ":" + n.name + ":1024"
		}
		return "zeros:u8:65536"
	case *dwarf.StructType:
		if n, ok := numberFor(inner); ok {
			return n.name + ":1"
		}
		var fields []string
		for _, f := range inner.Field {
			if f.BitSize == 0 {
				fields = append(fields, f.Name+": "+exampleValue(f.Type))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case *dwarf.ArrayType:
		return "[" + exampleValue(inner.Type) + "]"
	case *dwarf.FloatType:
		return "0.5"
	case *dwarf.BoolType:
		return "true"
	case *dwarf.UnspecifiedType:
		if t.Size() == 8 {
			return "zeros:u8:65536"
		}
		const most = 32764 // of a kernel's parameters (CUDA C++ Programming Guide, "Technical Specifications")
		return "hex:" + strings.Repeat("00", int(max(1, min(t.Size(), most))))
	}
	return "16"
}
