package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// The keys of the metadata that hold a file's checksum: the SHA-256 of all its bytes, with zeros where the checksum's hexadecimal digits
// stand. A file with the one and without the other was damaged there.
const (
	checksumKey = "cnn-gpu.sha256"
	formatKey   = "cnn-gpu.format"
)

// format is the only one that there is.
const format = "1"

// noChecksum holds the checksum's place.
var noChecksum = strings.Repeat("0", hex.EncodedLen(sha256.Size))

// checksumField is how a header has the checksum.
func checksumField(digits string) []byte { return fmt.Appendf(nil, "%q:%q", checksumKey, digits) }

// ChecksumError says that a file is not as it was written.
type ChecksumError struct {
	Want, Got string // what the file says and what it holds, in hexadecimal digits
}

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("it is damaged: its checksum is %s…, that of its bytes is %s…", e.Want[:12], e.Got[:12])
}

// checksum is a checksum that is being computed.
type checksum struct {
	hash.Hash
	want string // empty if the file has none
}

// begin starts a checksum with a file's prefix and header. It takes the checksum out of the file's metadata.
func begin(prefix, header []byte, metadata map[string]string) (*checksum, error) {
	want, hasWant := metadata[checksumKey]
	version, hasVersion := metadata[formatKey]
	switch {
	case !hasWant && !hasVersion:
		return &checksum{}, nil
	case !hasWant || len(want) != len(noChecksum):
		return nil, errors.New("it is damaged: its checksum is missing or has another length than a SHA-256")
	}
	place := checksumField(want)
	if bytes.Count(header, place) != 1 {
		return nil, errors.New("it is damaged: its checksum is not where one is written")
	}
	c := &checksum{sha256.New(), want}
	_, _ = c.Write(prefix)
	_, _ = c.Write(bytes.Replace(header, place, checksumField(noChecksum), 1))
	delete(metadata, checksumKey)
	delete(metadata, formatKey)
	if version != format {
		return nil, fmt.Errorf("it is damaged, or written by a later version of this program: its metadata say %s %q; this version knows %q", formatKey, version, format)
	}
	return c, nil
}

// check compares the checksum after all bytes were written to it.
func (c *checksum) check() error {
	if got := hex.EncodeToString(c.Sum(nil)); got != c.want {
		return &ChecksumError{c.want, got}
	}
	return nil
}
