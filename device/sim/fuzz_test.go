package sim_test

import (
	"testing"

	"cnn-gpu/device/sim"
)

// FuzzDecode holds that PTX that parses is decoded or refused, whatever it says.
func FuzzDecode(f *testing.F) {
	for _, r := range rows() {
		f.Add(r.declarations, r.body)
	}
	f.Fuzz(func(t *testing.T, declarations, body string) {
		d := sim.NewDevice(hopper(t), sim.Options{Workers: 1})
		m, err := d.Load([]byte(snippet(declarations, body)))
		if err != nil {
			return
		}
		for _, name := range m.KernelNames() {
			_, _ = m.Kernel(name)
		}
	})
}
