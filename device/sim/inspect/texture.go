package inspect

import (
	"debug/dwarf"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/device/sim"
)

// addressModes are what a texture gives outside, by their names.
var addressModes = map[string]sim.AddressMode{
	"clamp": sim.AddressClamp, "border": sim.AddressBorder, "wrap": sim.AddressWrap, "mirror": sim.AddressMirror,
}

// isTexture says whether a value is a texture object, for a parameter that can hold one: to C++ it is a number of 64 bits.
func isTexture(p place, v *yaml.Node) bool {
	switch bare(p.kind).(type) {
	case *dwarf.UintType, *dwarf.UnspecifiedType:
		return len(p.bytes) == 8 && v.Kind == yaml.MappingNode && len(v.Content) > 0 && v.Content[0].Value == "texture"
	}
	return false
}

// encodeTexture makes a texture or surface object of {texture: MEMORY, width: 64, height: 64, linear: true}. The memory is a buffer's form, or
// names a buffer; the format of the texels is that of its numbers.
func (r *runner) encodeTexture(p place, v *yaml.Node) error {
	t := sim.Texture{Channels: 1}
	numbers := map[string]*int{"width": &t.Width, "height": &t.Height, "depth": &t.Depth, "channels": &t.Channels}
	flags := map[string]*bool{"linear": &t.Linear, "normalized": &t.Normalized, "fractions": &t.NormalizedFloat}
	pointer := place{name: p.name + ".texture", kind: &dwarf.PtrType{CommonType: dwarf.CommonType{ByteSize: 8}, Type: &dwarf.VoidType{}}, bytes: make([]byte, 8)}
	for i := 0; i < len(v.Content); i += 2 {
		key, value := v.Content[i].Value, v.Content[i+1]
		mode, isMode := addressModes[value.Value]
		switch {
		case key == "texture":
			if err := r.encode(pointer, value); err != nil {
				return err
			}
		case numbers[key] != nil:
			if value.Decode(numbers[key]) != nil {
				return p.errorf("%s: %q is no number", key, value.Value)
			}
		case flags[key] != nil:
			if value.Decode(flags[key]) != nil {
				return p.errorf("%s: %q is neither true nor false", key, value.Value)
			}
		case key == "address" && isMode:
			t.Address = [3]sim.AddressMode{mode, mode, mode}
		case key == "address":
			return p.errorf("address: there is no %q, only %s", value.Value, strings.Join(slices.Sorted(maps.Keys(addressModes)), ", "))
		default:
			return p.errorf("a texture has no %q; it has texture, width, height, depth, channels, linear, normalized, fractions and address", key)
		}
	}
	t.Ptr = load(pointer.bytes, 8)
	at := slices.IndexFunc(r.buffers, func(b *buffer) bool { return t.Ptr >= b.address && t.Ptr-b.address < b.bytes })
	if at < 0 || r.buffers[at].element.bytes == 0 {
		return p.errorf("the texels need memory with a type, as in {texture: random:f32:4096, width: 64, height: 64}")
	}
	t.Format = strings.Replace(r.buffers[at].element.name, "i", "s", 1)
	handle, err := r.device.NewTexture(t)
	if err != nil {
		return p.errorf("%w", err)
	}
	copy(p.bytes, appendBytes(nil, handle, 8))
	return nil
}
