package safetensors

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"cnn-gpu/internal/atomicfile"
)

// alignment is what the place of the first element in a file is a multiple of.
const alignment = 64

// Write writes a file with its checksum. It appears under its name when it is complete; until then, and if anything fails, what was
// there before stays. Equal contents make equal bytes.
func Write(path string, f *File) error {
	header, err := encodeHeader(f)
	if err != nil {
		return fmt.Errorf("safetensors: %s: %w", path, err)
	}
	sum := sha256.New()
	if err := write(sum, header, f.Tensors); err != nil {
		return fmt.Errorf("safetensors: %s: %w", path, err)
	}
	header = bytes.Replace(header, checksumField(noChecksum), checksumField(hex.EncodeToString(sum.Sum(nil))), 1)
	err = atomicfile.Write(path, func(w io.Writer) error { return write(w, header, f.Tensors) })
	if err != nil {
		return fmt.Errorf("safetensors: %s: %w", path, err)
	}
	return nil
}

// tensorInfo is what the header says about a tensor.
type tensorInfo struct {
	DType   DType `json:"dtype"`
	Shape   []int `json:"shape"`
	Offsets []int `json:"data_offsets"` // where its bytes begin and end, counted from the end of the header
}

// encodeHeader is the header, padded with spaces. The digits of its checksum are zeros.
func encodeHeader(f *File) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	field := func(key string, value any) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		encode(&b, key)
		b.WriteByte(':')
		encode(&b, value)
	}
	metadata := map[string]string{formatKey: format, checksumKey: noChecksum}
	for key, value := range f.Metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, fmt.Errorf("metadata %q is not UTF-8", key)
		}
		if _, taken := metadata[key]; taken {
			return nil, fmt.Errorf("metadata %q is the checksum's; choose another key", key)
		}
		metadata[key] = value
	}
	field(metadataKey, metadata)
	seen := map[string]bool{}
	at := 0
	for _, t := range f.Tensors {
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %q is there twice", t.Name)
		}
		seen[t.Name] = true
		size := elementSize * (len(t.Float32) + len(t.Int32))
		field(t.Name, tensorInfo{t.DType, append([]int{}, t.Shape...), []int{at, at + size}})
		at += size
	}
	b.WriteByte('}')
	for (8+b.Len())%alignment != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("the header has %d bytes; the format allows %d", b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}

// encode writes strings, maps of strings and numbers, which JSON can always hold.
func encode(b *bytes.Buffer, value any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	_ = e.Encode(value)
	b.Truncate(b.Len() - 1) // the newline
}

func write(w io.Writer, header []byte, tensors []Tensor) error {
	b := bufio.NewWriterSize(w, 1<<16)
	_, _ = b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	_, _ = b.Write(header)
	for _, t := range tensors {
		for _, v := range t.Float32 {
			_, _ = b.Write(binary.LittleEndian.AppendUint32(b.AvailableBuffer(), math.Float32bits(v)))
		}
		for _, v := range t.Int32 {
			_, _ = b.Write(binary.LittleEndian.AppendUint32(b.AvailableBuffer(), uint32(v)))
		}
	}
	return b.Flush() // which returns the first error of all the writes
}
