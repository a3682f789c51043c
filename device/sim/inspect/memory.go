package inspect

import (
	"debug/dwarf"
	"fmt"
	"slices"
	"strings"
)

// prepareBuffers reads the buffers that have names of their own.
func (r *runner) prepareBuffers() error {
	for _, v := range r.script.Buffers {
		b, err := parseBuffer(v.node.Value, r.script.folder)
		if err != nil {
			return notUnderstood("buffer %s: %w", v.Name, err)
		}
		b.name = v.Name
		if err := r.addBuffer(b); err != nil {
			return notUnderstood("buffer %s: %w", v.Name, err)
		}
	}
	return nil
}

// addBuffer gives a buffer memory and its name.
func (r *runner) addBuffer(b *buffer) error {
	if r.names[b.name] != nil {
		return fmt.Errorf("there is a buffer %s already", b.name)
	}
	var err error
	if b.address, err = r.device.Alloc(b.bytes); err != nil {
		return err
	}
	if err := r.device.Label(b.address, "the array "+b.name); err != nil {
		return err
	}
	r.names[b.name] = b
	r.buffers = append(r.buffers, b)
	if b.content == nil {
		return nil
	}
	return r.device.Write(b.address, b.content)
}

// known lists the buffers for people.
func (r *runner) known() string {
	if len(r.buffers) == 0 {
		return "there are no buffers yet, as --buffer x=random:f32:1024 makes one"
	}
	var names []string
	for _, b := range r.buffers {
		names = append(names, b.name)
	}
	return "the buffers are " + strings.Join(names, ", ")
}

// variable is a __constant__ or __device__ variable.
type variable struct {
	kind          dwarf.Type
	address, size uint64
}

// variable finds a variable by its C++ name or the linker's.
func (r *runner) variable(name string) (variable, error) {
	names := r.program.module.GlobalNames()
	found := findName(names, name)
	if len(found) != 1 {
		var list []string
		for _, n := range names {
			list = append(list, demangled(n))
		}
		slices.Sort(list)
		if len(list) == 0 {
			list = []string{"none: the compiler drops those that no kernel uses"}
		}
		return variable{}, notUnderstood("%s: no __constant__ or __device__ variable %s; there are %s", r.script.File, name, strings.Join(list, ", "))
	}
	v := variable{}
	var err error
	if v.address, v.size, err = r.program.module.Global(found[0]); err != nil {
		return v, err
	}
	if v.kind = r.program.info.variables[found[0]]; v.kind == nil || v.kind.Size() != int64(v.size) {
		v.kind = unknownType(fmt.Sprintf("%d bytes", v.size), int64(v.size))
	}
	return v, nil
}

// element is the type of an array's elements.
func element(t dwarf.Type) dwarf.Type {
	for {
		array, ok := bare(t).(*dwarf.ArrayType)
		if !ok {
			return t
		}
		t = array.Type
	}
}

// prepareVariables fills the variables that contents are given for. The rest of a variable stays as it is.
func (r *runner) prepareVariables() error {
	for _, given := range r.script.Variables {
		v, err := r.variable(given.Name)
		if err != nil {
			return err
		}
		content := make([]byte, v.size)
		if err := r.device.Read(v.address, content); err != nil {
			return err
		}
		if err := r.encode(place{name: given.Name, kind: v.kind, bytes: content, direct: true}, given.node); err != nil {
			return notUnderstood("variable %w", err)
		}
		if err := r.device.Write(v.address, content); err != nil {
			return err
		}
	}
	return nil
}
