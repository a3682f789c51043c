package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// Read reads a file.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("safetensors: %s is no regular file", path)
	}
	return Decode(path, f, info.Size())
}

// Decode reads the size bytes of r; name stands for them in errors.
func Decode(name string, r io.ReaderAt, size int64) (*File, error) {
	file, err := decode(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", name, err)
	}
	return file, nil
}

func decode(r io.ReaderAt, size int64) (*File, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("has %d bytes, a safetensors file at least 8", size)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if rest := uint64(size) - uint64(len(prefix)); length > min(rest, maxHeader) {
		return nil, fmt.Errorf("is no safetensors file or is cut off: its header would have %d bytes, %d follow (at most %d are allowed)",
			length, rest, maxHeader)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(r, int64(len(prefix)), int64(length)), header); err != nil {
		return nil, err
	}
	f := &File{Metadata: map[string]string{}}
	places, err := f.decodeHeader(header)
	if err != nil {
		return nil, err
	}
	sum, err := begin(prefix[:], header, f.Metadata)
	if err != nil {
		return nil, err
	}
	start := int64(len(prefix)) + int64(length)
	if err := f.checkPlaces(places, size-start); err != nil {
		return nil, err
	}
	data := io.NewSectionReader(r, start, size-start)
	var read io.Reader = data // of the tensors, which lie one behind the other
	if sum.want != "" {
		read = io.TeeReader(data, sum)
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		if err := t.read(read, (places[t.Name].end-places[t.Name].begin)/elementSize); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	if sum.want != "" {
		if err := sum.check(); err != nil {
			return nil, err
		}
		f.Checksum = sum.want
	}
	return f, nil
}

// place is where the bytes of a tensor begin and end.
type place struct{ begin, end int }

// decodeHeader reads the header into f, all but the elements.
func (f *File) decodeHeader(header []byte) (map[string]place, error) {
	broken := func(err error) error { return fmt.Errorf("its header is no JSON object of tensors: %w", err) }
	d := json.NewDecoder(bytes.NewReader(header))
	if token, err := d.Token(); err != nil {
		return nil, broken(err)
	} else if token != json.Delim('{') {
		return nil, broken(fmt.Errorf("it begins with %v", token))
	}
	places := map[string]place{}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, broken(err)
		}
		key := token.(string) // More, then Token inside an object: a key
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, broken(fmt.Errorf("%q: %w", key, err))
		}
		if seen[key] {
			return nil, fmt.Errorf("tensor %q is there twice", key)
		}
		seen[key] = true
		if key == metadataKey {
			if err := json.Unmarshal(value, &f.Metadata); err != nil {
				return nil, fmt.Errorf("its metadata is no object of strings: %w", err)
			}
			continue
		}
		t, at, err := decodeInfo(value)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", key, err)
		}
		t.Name = key
		f.Tensors = append(f.Tensors, t)
		places[key] = at
	}
	if _, err := d.Token(); err != nil {
		return nil, broken(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, broken(errors.New("something follows it"))
	}
	return places, nil
}

func decodeInfo(value []byte) (Tensor, place, error) {
	var info tensorInfo
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(&info); err != nil {
		return Tensor{}, place{}, fmt.Errorf("its header is not as the format asks: %w", err)
	}
	if info.DType != F32 && info.DType != I32 {
		return Tensor{}, place{}, unknownType(info.DType)
	}
	if info.Shape == nil || len(info.Offsets) != 2 {
		return Tensor{}, place{}, errors.New("its header lacks shape or data_offsets [begin, end]")
	}
	return Tensor{DType: info.DType, Shape: info.Shape}, place{info.Offsets[0], info.Offsets[1]}, nil
}

// checkPlaces puts the tensors in the order of their places and checks that these fill the size bytes of data without gaps or
// overlaps, and that they are as long as the shapes ask.
func (f *File) checkPlaces(places map[string]place, size int64) error {
	slices.SortStableFunc(f.Tensors, func(a, b Tensor) int {
		pa, pb := places[a.Name], places[b.Name]
		return cmp.Or(cmp.Compare(pa.begin, pb.begin), cmp.Compare(pa.end, pb.end))
	})
	at := 0
	for _, t := range f.Tensors {
		p := places[t.Name]
		n, err := elements(t.Shape)
		switch {
		case err != nil:
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		case p.begin != at || p.end < p.begin:
			return fmt.Errorf("tensor %q lies at bytes %d to %d; expected it to begin at %d, where the one before it ends",
				t.Name, p.begin, p.end, at)
		case int64(p.end) > size:
			return fmt.Errorf("tensor %q lies at bytes %d to %d, but only %d bytes of data follow the header; the file is cut off",
				t.Name, p.begin, p.end, size)
		case p.end-p.begin != n*elementSize:
			return fmt.Errorf("tensor %q: shape %v of type %s takes %d bytes, it has %d", t.Name, t.Shape, t.DType, n*elementSize, p.end-p.begin)
		}
		at = p.end
	}
	if int64(at) != size {
		return fmt.Errorf("the tensors end at byte %d of %d bytes of data", at, size)
	}
	return nil
}

// read fills the tensor with n elements.
func (t *Tensor) read(r io.Reader, n int) error {
	if t.DType == I32 {
		t.Int32 = make([]int32, n)
	} else {
		t.Float32 = make([]float32, n)
	}
	buffer := make([]byte, min(n*elementSize, 1<<16))
	for at := 0; at < n; {
		chunk := buffer[:min(len(buffer), (n-at)*elementSize)]
		if _, err := io.ReadFull(r, chunk); err != nil {
			return err
		}
		for ; len(chunk) > 0; chunk = chunk[elementSize:] {
			bits := binary.LittleEndian.Uint32(chunk)
			if t.DType == I32 {
				t.Int32[at] = int32(bits)
			} else {
				t.Float32[at] = math.Float32frombits(bits)
			}
			at++
		}
	}
	return nil
}
