package inspect

import (
	"debug/dwarf"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ArgumentHelp describes the forms of an argument.
const ArgumentHelp = `  1000  -0.5  true               a number of the type that the parameter has
  f32:1.5  i32:-3  u64:7         a number: i8 u8 i16 u16 i32 u32 i64 u64 f16 bf16 f32 f64
  zeros:f32:1024                 device memory of 1024 numbers: all 0
  ones:f32:1024                  all 1
  iota:f32:1024                  0, 1, 2, ...
  random:f32:1024:SEED           uniform in [-1, 1), integers in [0, 100); the seed may be left out
  empty:f32:1024                 not written: what depends on it is a finding
  in:FILE  in:FILE:f32           device memory with the bytes of a file
  out:FILE:f32:64                device memory that nobody has written, saved to the file after the run
  inout:FILE:FILE                device memory read from the first file, saved to the second
                                 files are raw numbers, or NumPy's arrays if they end in .npy
  @NAME  @NAME+64                the memory of --buffer NAME, or 64 of its numbers further on
  null                           the null pointer
  '{n: 4, w: ones:f32:4}'        a struct by its fields; those that are left out are 0
  '[1, 2, 3]'                    an array, or a struct's fields in their order
                                 for a pointer: device memory that holds the struct or the list
  hex:0000803f00000040           the bytes of a struct
  '{texture: random:f32:4096, width: 64, height: 64, linear: true}'
                                 a texture or surface object of memory; also depth, channels, normalized, fractions,
                                 and address: clamp, border, wrap or mirror`

// place is where a value goes: a parameter, a variable, or a field of one.
type place struct {
	name   string // for people: "p.w"
	kind   dwarf.Type
	bytes  []byte // to write
	direct bool   // an array or variable, which buffers' forms fill: there is no pointer
}

func (p place) errorf(format string, args ...any) error {
	return fmt.Errorf("%s (%s): "+format, append([]any{p.name, typeName(p.kind)}, args...)...)
}

// parseValue reads what stands for one value on a command line; in a script it is YAML already.
func parseValue(text string) (*yaml.Node, error) {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: text}, nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, fmt.Errorf("%q: %s; wanted is {field: value, field: value} or [value, value]", text, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return document.Content[0], nil
}

// encode writes a value to its place. Device memory that it names or makes is on the device then.
func (r *runner) encode(p place, v *yaml.Node) error {
	if pointer, ok := bare(p.kind).(*dwarf.PtrType); ok && v.Kind == yaml.MappingNode {
		return r.encodePointee(p, pointer.Type, v, []*yaml.Node{v})
	} else if ok && v.Kind == yaml.SequenceNode {
		return r.encodePointee(p, pointer.Type, v, v.Content)
	}
	if isTexture(p, v) {
		return r.encodeTexture(p, v)
	}
	switch v.Kind {
	case yaml.MappingNode:
		return r.encodeFields(p, v)
	case yaml.SequenceNode:
		return r.encodeList(p, v)
	case yaml.ScalarNode:
		return r.encodeScalar(p, v)
	}
	return p.errorf("a value is wanted")
}

func (r *runner) encodeFields(p place, v *yaml.Node) error {
	s, ok := bare(p.kind).(*dwarf.StructType)
	if !ok {
		if _, unknown := p.kind.(*dwarf.UnspecifiedType); unknown {
			return p.errorf("its fields are not known without the source or debug data (compile with -G): give its bytes as hex:")
		}
		return p.errorf("it is no struct with fields")
	}
	for i := 0; i < len(v.Content); i += 2 {
		name := v.Content[i].Value
		at := slices.IndexFunc(s.Field, func(f *dwarf.StructField) bool { return f.Name == name })
		if at < 0 {
			return p.errorf("there is no field %q; the fields are %s", name, fieldsOf(s))
		}
		if err := r.encodeField(p, s.Field[at], v.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) encodeField(p place, f *dwarf.StructField, v *yaml.Node) error {
	field := place{name: p.name + "." + f.Name, kind: f.Type}
	end := f.ByteOffset + f.Type.Size()
	if f.BitSize > 0 || f.Type.Size() < 0 || end > int64(len(p.bytes)) {
		return field.errorf("a bit field: give the bytes of the whole struct as hex:")
	}
	field.bytes = p.bytes[f.ByteOffset:end]
	return r.encode(field, v)
}

func fieldsOf(s *dwarf.StructType) string {
	var names []string
	for _, f := range s.Field {
		names = append(names, strings.TrimSpace(typeName(f.Type)+" "+f.Name))
	}
	return strings.Join(names, ", ")
}

func (r *runner) encodeList(p place, v *yaml.Node) error {
	switch t := bare(p.kind).(type) {
	case *dwarf.ArrayType:
		if int64(len(v.Content)) > t.Count {
			return p.errorf("%d values are too many", len(v.Content))
		}
		size := t.Type.Size()
		for i, one := range v.Content {
			element := place{name: fmt.Sprintf("%s[%d]", p.name, i), kind: t.Type, bytes: p.bytes[int64(i)*size : int64(i+1)*size]}
			if err := r.encode(element, one); err != nil {
				return err
			}
		}
		return nil
	case *dwarf.StructType:
		if len(v.Content) > len(t.Field) {
			return p.errorf("%d values are too many; the fields are %s", len(v.Content), fieldsOf(t))
		}
		for i, one := range v.Content {
			if err := r.encodeField(p, t.Field[i], one); err != nil {
				return err
			}
		}
		return nil
	}
	return p.errorf("it is neither an array nor a struct")
}

func (r *runner) encodeScalar(p place, v *yaml.Node) error {
	text := v.Value
	form, rest, hasForm := strings.Cut(text, ":")
	_, isPointer := bare(p.kind).(*dwarf.PtrType)
	named, isNumber := numberTypes[form]
	switch {
	case hasForm && form == "hex":
		value, err := parseHex(rest)
		if err == nil && len(value) != len(p.bytes) {
			err = fmt.Errorf("%d bytes, wanted are %d", len(value), len(p.bytes))
		}
		if err != nil {
			return p.errorf("%w", err)
		}
		copy(p.bytes, value)
		return nil
	case hasForm && isNumber:
		return p.encodeNumber(named, rest, text)
	case hasForm && slices.Contains(bufferForms, form):
		return r.encodeBuffer(p, v)
	case (text == "null" || text == "nullptr") && (isPointer || len(p.bytes) == 8):
		return nil
	}
	if b, offset, err := r.reference(text); b != nil || err != nil {
		if err != nil {
			return p.errorf("%w", err)
		}
		return r.point(p, b, offset)
	}
	if enum, ok := bare(p.kind).(*dwarf.EnumType); ok {
		for _, one := range enum.Val {
			if lastPart(demangled(one.Name)) == text {
				text = strconv.FormatInt(one.Val, 10)
			}
		}
	}
	if number, ok := numberFor(p.kind); ok && !hasForm {
		return p.encodeNumber(number, text, text)
	}
	if _, isStruct := bare(p.kind).(*dwarf.StructType); isStruct {
		return p.errorf("%q is no struct: give its fields, as in %s", text, exampleValue(p.kind))
	}
	if isPointer {
		return p.errorf("%q is no device memory; %s", text, r.known())
	}
	return p.errorf("%q is no value; the forms are\n%s", text, ArgumentHelp)
}

func (p place) encodeNumber(n numberType, text, whole string) error {
	if text == "true" || text == "false" {
		text = map[string]string{"true": "1", "false": "0"}[text]
	}
	c, plain := classOf(p.kind)
	switch _, isPointer := bare(p.kind).(*dwarf.PtrType); {
	case isPointer:
		return p.errorf("%q is a number; device memory is wanted, as in %s", whole, exampleValue(p.kind))
	case n.bytes != len(p.bytes):
		return p.errorf("%q has %d bytes, wanted are %d%s", whole, n.bytes, len(p.bytes), p.instead())
	case plain && c != anyClass && n.class() != c, !halfFits(n, p.kind):
		return p.errorf("%q is of another type%s", whole, p.instead())
	}
	value, err := n.parse(text)
	if err != nil {
		return p.errorf("%w", err)
	}
	copy(p.bytes, value)
	return nil
}

// instead names the type of numbers that would do.
func (p place) instead() string {
	if n, ok := numberFor(p.kind); ok {
		return ": give " + n.name + ", or the number alone"
	}
	return ""
}

// halfFits tells the two formats of 16 bits apart, which are structs to C++.
func halfFits(n numberType, t dwarf.Type) bool {
	own, ok := numberFor(t)
	_, isStruct := bare(t).(*dwarf.StructType)
	return !ok || !isStruct || n.class() != floatClass || n.name == own.name
}

// encodeBuffer makes device memory, once for each place in the script, and points to it; into an array or a variable it writes what the
// memory would hold.
func (r *runner) encodeBuffer(p place, v *yaml.Node) error {
	if b := r.made[v]; b != nil {
		return r.point(p, b, 0)
	}
	b, err := parseBuffer(v.Value, r.script.folder)
	if err != nil {
		return p.errorf("%w", err)
	}
	_, isArray := bare(p.kind).(*dwarf.ArrayType)
	_, isPointer := bare(p.kind).(*dwarf.PtrType)
	if isArray || p.direct && !isPointer {
		if b.content == nil || b.save != "" || len(b.content) > len(p.bytes) {
			return p.errorf("%q: contents of at most %d bytes are wanted", v.Value, len(p.bytes))
		}
		copy(p.bytes, b.content)
		return nil
	}
	if err := checkPointer(p, b); err != nil {
		return err
	}
	return r.pointToNew(p, b, v)
}

// encodePointee makes device memory with values of the type that a pointer is to, once for each place in the script, and points to it.
func (r *runner) encodePointee(p place, t dwarf.Type, v *yaml.Node, values []*yaml.Node) error {
	if b := r.made[v]; b != nil {
		return r.point(p, b, 0)
	}
	size := int64(-1)
	if _, isVoid := bare(t).(*dwarf.VoidType); t != nil && !isVoid {
		size = t.Size()
	}
	if size <= 0 || len(values) == 0 {
		return p.errorf("values of a known type are wanted; give a buffer, as in %s", exampleValue(p.kind))
	}
	b := &buffer{form: fmt.Sprintf("%d of %s", len(values), typeName(t)), bytes: uint64(size) * uint64(len(values))}
	b.content = make([]byte, b.bytes)
	for i, one := range values {
		element := place{name: fmt.Sprintf("%s[%d]", p.name, i), kind: t, bytes: b.content[int64(i)*size : int64(i+1)*size]}
		if err := r.encode(element, one); err != nil {
			return err
		}
	}
	b.element, _ = numberFor(t)
	return r.pointToNew(p, b, v)
}

// pointToNew gives a buffer the name of its place, or that with a number, and points to it.
func (r *runner) pointToNew(p place, b *buffer, v *yaml.Node) error {
	b.name = p.name
	for i := 2; r.names[b.name] != nil; i++ {
		b.name = fmt.Sprintf("%s-%d", p.name, i)
	}
	if err := r.addBuffer(b); err != nil {
		return p.errorf("%w", err)
	}
	r.made[v] = b
	return r.point(p, b, 0)
}

// checkPointer refuses memory of numbers that the pointer's type is not for. Bytes are for any.
func checkPointer(p place, b *buffer) error {
	pointer, ok := bare(p.kind).(*dwarf.PtrType)
	if !ok {
		if _, unknown := p.kind.(*dwarf.UnspecifiedType); unknown && len(p.bytes) == 8 {
			return nil
		}
		return p.errorf("%q is device memory, and this is no pointer%s", b.form, p.instead())
	}
	n := b.element
	wanted, isNumber := numberFor(pointer.Type)
	if !isNumber || n.bytes <= 1 || wanted.bytes == 1 {
		return nil
	}
	_, isStruct := bare(pointer.Type).(*dwarf.StructType)
	if n.bytes != wanted.bytes || !isStruct && wanted.bytes > 2 && n.class() != wanted.class() || !halfFits(n, pointer.Type) {
		return p.errorf("%q holds %s, the pointer is to %s: give %s, or u8 for bytes of any kind", b.form, n.name, typeName(pointer.Type), wanted.name)
	}
	return nil
}

// point writes a buffer's address, some of its numbers further on.
func (r *runner) point(p place, b *buffer, offset uint64) error {
	if err := checkPointer(p, b); err != nil {
		return err
	}
	copy(p.bytes, appendBytes(nil, b.address+offset, 8))
	return nil
}

// named is "@NAME" or "NAME", with "+COUNT".
var named = regexp.MustCompile(`^(@?)([A-Za-z_][\w.\[\]]*)(?:\+(\d+))?$`)

// reference finds the buffer that a value names, and the bytes behind its start; none where it names nothing.
func (r *runner) reference(text string) (*buffer, uint64, error) {
	m := named.FindStringSubmatch(text)
	if m == nil {
		if strings.HasPrefix(text, "@") {
			return nil, 0, fmt.Errorf("%q: a buffer's name is wanted, as in @x or @x+64", text)
		}
		return nil, 0, nil
	}
	b := r.names[m[2]]
	if b == nil {
		if m[1] == "@" {
			return nil, 0, fmt.Errorf("no buffer %q; %s", m[2], r.known())
		}
		return nil, 0, nil
	}
	count := uint64(0)
	if m[3] != "" {
		var err error
		size := uint64(max(b.element.bytes, 1))
		if count, err = strconv.ParseUint(m[3], 10, 64); err != nil || count >= b.bytes/size {
			return nil, 0, fmt.Errorf("%q: %s has %d numbers", text, m[2], b.bytes/size)
		}
		count *= size
	}
	return b, count, nil
}
