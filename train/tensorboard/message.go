package tensorboard

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is a field of a protocol buffer, encoded. A message is its fields, one behind the other.
type field []byte

func bytesField(number protowire.Number, value []byte) field {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), value)
}

func stringField(number protowire.Number, value string) field {
	return bytesField(number, []byte(value))
}

func intField(number protowire.Number, value int64) field {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), uint64(value))
}

func floatField(number protowire.Number, value float64) field {
	return protowire.AppendFixed32(protowire.AppendTag(nil, number, protowire.Fixed32Type), math.Float32bits(float32(value)))
}

func doubleField(number protowire.Number, value float64) field {
	return protowire.AppendFixed64(protowire.AppendTag(nil, number, protowire.Fixed64Type), math.Float64bits(value))
}

// message is a field that is a message.
func message(number protowire.Number, fields ...field) field {
	return bytesField(number, joined(fields))
}

func joined(fields []field) (m []byte) {
	for _, f := range fields {
		m = append(m, f...)
	}
	return m
}

// entry is an entry of a map from strings to messages.
func entry(number protowire.Number, key string, value ...field) field {
	return message(number, stringField(1, key), message(2, value...))
}
