//go:build cuda && cgo

package device

import (
	"errors"
	"slices"
	"unsafe"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

// mostPinned is the most memory of a piece of staging: what is larger goes through it in parts.
const mostPinned = 4 << 20

// staging is pinned memory through which one buffer is uploaded, and its views. There are two pieces, used in turn: while the GPU still copies
// from one, the host fills the other.
type staging struct {
	pieces [2][]byte
	copied [2]cu.Event // when the GPU is done with the piece
	used   [2]bool
	next   int
}

func newStaging(bytes int) (*staging, error) {
	s := &staging{}
	for i := range s.pieces {
		var err error
		if s.pieces[i], err = driver.AllocPinned(bytes); err != nil {
			return nil, errors.Join(err, s.close())
		}
		if s.copied[i], err = cu.MakeEvent(cu.DisableTiming); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

// upload queues copies of src to the device.
func (s *staging) upload(dst cu.DevicePtr, src []byte, stream cu.Stream) error {
	at := dst
	for part := range slices.Chunk(src, len(s.pieces[0])) {
		if err := s.uploadPart(at, part, stream); err != nil {
			return err
		}
		at += cu.DevicePtr(len(part))
	}
	return nil
}

// uploadPart queues a copy of what one piece takes.
func (s *staging) uploadPart(dst cu.DevicePtr, src []byte, stream cu.Stream) error {
	i := s.next
	s.next = 1 - i
	if s.used[i] {
		if err := s.copied[i].Synchronize(); err != nil {
			return err
		}
	}
	copy(s.pieces[i], src)
	if err := cu.MemcpyHtoDAsync(dst, unsafe.Pointer(unsafe.SliceData(s.pieces[i])), int64(len(src)), stream); err != nil {
		return err
	}
	s.used[i] = true
	return s.copied[i].Record(stream)
}

func (s *staging) close() error {
	var errs []error
	for i, piece := range s.pieces {
		if piece != nil {
			errs = append(errs, driver.FreePinned(piece))
		}
		if s.copied[i] != (cu.Event{}) {
			errs = append(errs, cu.DestroyEvent(&s.copied[i]))
		}
	}
	return errors.Join(errs...)
}
