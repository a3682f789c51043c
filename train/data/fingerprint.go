package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
)

// Fingerprint tells a set from any other: two with the same fingerprint have the same images and labels in the same order.
type Fingerprint struct {
	Examples int      `json:"examples"`
	Shape    []int    `json:"shape"`
	Classes  []string `json:"classes"`
	Targets  Targets  `json:"targets,omitempty"`
	Weighted bool     `json:"weighted,omitempty"`
	SHA256   string   `json:"sha256"` // of all images and labels, and of targets and weights
}

// FingerprintOf reads a whole set: images and labels, and behind them targets of another kind and weights where it has them. Images that are kept as bytes are hashed as bytes, others as their float32 values, little-endian.
func FingerprintOf(s Set) (Fingerprint, error) {
	f := Fingerprint{Examples: s.Len(), Shape: s.Shape(), Classes: s.Classes(), Targets: TargetsOf(s), Weighted: IsWeighted(s)}
	h := sha256.New()
	kept, ok := s.(*images)
	onDisk, streams := s.(*streamed)
	if streams && onDisk.scale == 0 {
		kept, ok = &onDisk.images, true
	}
	if ok {
		if streams {
			if _, err := io.Copy(h, io.NewSectionReader(onDisk.file, onDisk.at, int64(s.Len()*product(f.Shape)))); err != nil {
				return Fingerprint{}, fmt.Errorf("data: %s: the images cannot be read from the cache folder: %w", s.Name(), err)
			}
		}
		_, _ = h.Write(kept.pixels)
		_, _ = h.Write(kept.labels)
		_, _ = h.Write(kept.targets)
		for _, w := range kept.weights {
			_, _ = h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(w)))
		}
	} else {
		x := make([]float32, product(f.Shape))
		var bytes []byte
		for i := range f.Examples {
			label, err := s.Example(i, x)
			if err != nil {
				return Fingerprint{}, err
			}
			bytes = binary.LittleEndian.AppendUint32(bytes[:0], uint32(label))
			for _, v := range x {
				bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
			}
			if bytes, err = appendTargets(bytes, s, i); err != nil {
				return Fingerprint{}, err
			}
			_, _ = h.Write(bytes)
		}
	}
	f.SHA256 = hex.EncodeToString(h.Sum(nil))
	return f, nil
}

// appendTargets appends an example's targets and weight, where the set has more than labels.
func appendTargets(bytes []byte, s Set, i int) ([]byte, error) {
	var values []float32
	if TargetsOf(s) != ClassLabels {
		values = make([]float32, len(s.Classes()))
		if err := s.(TargetSet).Target(i, values); err != nil {
			return nil, err
		}
	}
	if IsWeighted(s) {
		values = append(values, s.(WeightedSet).Weight(i))
	}
	for _, v := range values {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
	}
	return bytes, nil
}

// Differences names what two fingerprints differ in, each as a pair of texts.
func (f Fingerprint) Differences(other Fingerprint) (list [][2]string) {
	for _, pair := range [][2]string{
		{fmt.Sprintf("%d images", f.Examples), fmt.Sprintf("%d images", other.Examples)},
		{fmt.Sprintf("images of %v", f.Shape), fmt.Sprintf("images of %v", other.Shape)},
		{fmt.Sprintf("%d classes", len(f.Classes)), fmt.Sprintf("%d classes", len(other.Classes))},
		{f.Targets.String(), other.Targets.String()},
		{"content " + short(f.SHA256), "content " + short(other.SHA256)},
	} {
		if pair[0] != pair[1] {
			list = append(list, pair)
		}
	}
	for i := range min(len(f.Classes), len(other.Classes)) {
		if f.Classes[i] != other.Classes[i] {
			return append(list, [2]string{fmt.Sprintf("class %d is %q", i, f.Classes[i]), fmt.Sprintf("class %d is %q", i, other.Classes[i])})
		}
	}
	return list
}

// short is as much of a hash as a person compares.
func short(hash string) string { return hash[:min(len(hash), 12)] }
