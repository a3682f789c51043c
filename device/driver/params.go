//go:build cuda && cgo

package driver

import (
	"encoding/binary"
	"fmt"
	"math"

	"gorgonia.org/cu"
)

// encode lays kernel parameters out one after the other and gives each one's offset. The layout is free: the driver takes the
// address of each parameter.
func encode(params []any) (values []byte, offsets []uintptr, err error) {
	values = make([]byte, 0, 8*len(params)+8)
	for i, p := range params {
		for len(values)%8 != 0 {
			values = append(values, 0)
		}
		offsets = append(offsets, uintptr(len(values)))
		le := binary.LittleEndian
		switch v := p.(type) {
		case cu.DevicePtr:
			values = le.AppendUint64(values, uint64(v))
		case int32:
			values = le.AppendUint32(values, uint32(v))
		case uint32:
			values = le.AppendUint32(values, v)
		case int64:
			values = le.AppendUint64(values, uint64(v))
		case uint64:
			values = le.AppendUint64(values, v)
		case float32:
			values = le.AppendUint32(values, math.Float32bits(v))
		case float64:
			values = le.AppendUint64(values, math.Float64bits(v))
		case []byte:
			values = append(values, v...)
		default:
			return nil, nil, fmt.Errorf("driver: parameter %d of the kernel is a %T: give a cu.DevicePtr, an int or float with its size in the name, or []byte", i, p)
		}
	}
	return append(values, 0), offsets, nil // never empty, so that it has an address
}
