package data

import "fmt"

// ByteSet is a set that can give its images as bytes, of which Example makes numbers by dividing by 255: so a device keeps them in a quarter of the
// memory, and makes numbers of them as it needs them. Neither the bytes nor the labels ever change. A [Wrapper] does not hand this on, since its Example may be another.
type ByteSet interface {
	Set
	// HasBytes says whether the images are bytes.
	HasBytes() bool
	// Bytes writes the bytes of image i, one for each value, into b and returns its label. It is safe for concurrent use.
	Bytes(i int, b []byte) (label int32, err error)
}

// BytesOf is the set as one that gives bytes; nil if it does not.
func BytesOf(s Set) ByteSet {
	if b, ok := s.(ByteSet); ok && b.HasBytes() {
		return b
	}
	return nil
}

// HasBytes implements [ByteSet].
func (s *images) HasBytes() bool { return true }

// Bytes implements [ByteSet].
func (s *images) Bytes(i int, b []byte) (int32, error) {
	if err := s.checkExample(i, len(b)); err != nil {
		return 0, err
	}
	copy(b, s.pixels[i*len(b):])
	return int32(s.labels[i]), nil
}

// HasBytes implements [ByteSet]: these are numbers.
func (s *floatImages) HasBytes() bool { return false }

// Bytes implements [ByteSet].
func (s *floatImages) Bytes(int, []byte) (int32, error) { return 0, noBytes(s) }

// HasBytes implements [ByteSet].
func (s *streamed) HasBytes() bool { return s.scale == 0 }

// Bytes implements [ByteSet].
func (s *streamed) Bytes(i int, b []byte) (int32, error) {
	if !s.HasBytes() {
		return 0, noBytes(s)
	}
	if err := s.checkExample(i, len(b)); err != nil {
		return 0, err
	}
	return int32(s.labels[i]), s.read(i, b)
}

// HasBytes implements [ByteSet].
func (s *subset) HasBytes() bool { return BytesOf(s.Set) != nil }

// Bytes implements [ByteSet].
func (s *subset) Bytes(i int, b []byte) (int32, error) {
	of := BytesOf(s.Set)
	if of == nil {
		return 0, noBytes(s)
	}
	if err := s.check(i); err != nil {
		return 0, err
	}
	return of.Bytes(s.indices[i], b)
}

func noBytes(s Set) error {
	return fmt.Errorf("data: %s: its images are numbers and no bytes; read them by Example", s.Name())
}
