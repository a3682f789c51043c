package device

import "cnn-gpu/kernels"

// State is what can be said of a GPU while it is open.
type State struct {
	Free, Total int64  // bytes of memory, all processes together
	Kernels     string // what it runs: "machine code for sm_90 by NVRTC 12.9"
	Precisions  []kernels.Precision
}

// StateOf is the state of a device, none of one that is no GPU.
func StateOf(d Device) (*State, error) {
	if g, ok := d.(interface{ state() (*State, error) }); ok {
		return g.state()
	}
	return nil, nil
}
