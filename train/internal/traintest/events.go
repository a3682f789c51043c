package traintest

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// Event is an event of a TensorBoard file. Of a value under a tag, what it has is set.
type Event struct {
	Step        int64
	FileVersion string
	Starts      bool // a session log that says START
	Graph       []byte
	Tag, Plugin string
	Scalar      *float32
	Image       []byte
	Text        string
}

// ReadEvents reads the event files of a folder in their order, and checks the records' lengths and checksums.
func ReadEvents(t *testing.T, folder string) (events []Event) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*tfevents*"))
	require.NoError(t, err)
	require.NotEmpty(t, files, folder)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for len(data) > 0 {
			require.GreaterOrEqual(t, len(data), 12, "%s: a record is torn", file)
			length := binary.LittleEndian.Uint64(data)
			require.Equal(t, unmasked(data[:8]), unmask(data[8:]), "%s: checksum of a length", file)
			require.GreaterOrEqual(t, uint64(len(data)), 16+length, "%s: a record is torn", file)
			record := data[12 : 12+length]
			require.Equal(t, unmasked(record), unmask(data[12+length:]), "%s: checksum of a record", file)
			events = append(events, readEvent(t, record))
			data = data[16+length:]
		}
	}
	return events
}

func unmasked(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// unmask undoes TFRecord's masking of a checksum.
func unmask(data []byte) uint32 {
	rotated := binary.LittleEndian.Uint32(data) - 0xa282ead8
	return rotated<<15 | rotated>>17
}

func readEvent(t *testing.T, record []byte) (e Event) {
	fields := readMessage(t, record)
	require.Len(t, fields[1], 1, "an event has a time")
	e.Step = int64(number(fields[2]))
	if v := fields[3]; len(v) > 0 {
		e.FileVersion = string(v[0].([]byte))
	}
	if v := fields[4]; len(v) > 0 {
		e.Graph = v[0].([]byte)
	}
	for _, log := range fields[7] {
		e.Starts = number(readMessage(t, log.([]byte))[1]) == 1
	}
	for _, summary := range fields[5] {
		for _, value := range readMessage(t, summary.([]byte))[1] {
			v := readMessage(t, value.([]byte))
			e.Tag = string(v[1][0].([]byte))
			if len(v[2]) > 0 {
				scalar := math.Float32frombits(uint32(number(v[2])))
				e.Scalar = &scalar
			}
			for _, image := range v[4] {
				e.Image = readMessage(t, image.([]byte))[4][0].([]byte)
			}
			for _, metadata := range v[9] {
				plugin := readMessage(t, metadata.([]byte))[1][0].([]byte)
				e.Plugin = string(readMessage(t, plugin)[1][0].([]byte))
			}
			for _, tensor := range v[8] {
				if texts := readMessage(t, tensor.([]byte))[8]; len(texts) > 0 {
					e.Text = string(texts[0].([]byte))
				}
			}
		}
	}
	return e
}

func number(values []any) uint64 {
	if len(values) == 0 {
		return 0
	}
	return values[0].(uint64)
}

// readMessage is the fields of a protocol buffer by their numbers: uint64s and []bytes.
func readMessage(t *testing.T, data []byte) map[protowire.Number][]any {
	t.Helper()
	fields := map[protowire.Number][]any{}
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		require.NoError(t, protowire.ParseError(n))
		data = data[n:]
		var value any
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(data)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(data)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(data)
			value = uint64(v)
		default:
			require.Equal(t, protowire.BytesType, kind)
			value, n = protowire.ConsumeBytes(data)
		}
		require.NoError(t, protowire.ParseError(n))
		fields[field] = append(fields[field], value)
		data = data[n:]
	}
	return fields
}
