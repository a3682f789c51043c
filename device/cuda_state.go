//go:build cuda && cgo

package device

import (
	"gorgonia.org/cu"

	"cnn-gpu/kernels"
)

func (d *gpu) state() (*State, error) {
	s := &State{Kernels: d.code.String(), Precisions: []kernels.Precision{kernels.FP32}}
	if multipliesInAny(d.capability) {
		s.Precisions = append(s.Precisions, kernels.TF32, kernels.BF16)
	}
	return s, d.do(func() (err error) {
		s.Free, s.Total, err = cu.MemInfo()
		return err
	})
}

// String says in which form kernels are, and where they come from.
func (c *compiler) String() string {
	switch {
	case len(c.forms) == 0:
		return "none that the driver takes"
	case c.library == nil:
		return "those that are kept in " + c.cache.dir
	}
	return c.forms[0].String() + " by NVRTC " + versionOf(c.library)
}
