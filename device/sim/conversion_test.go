package sim_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// conversions lists the forms of cvt that PTX has for targets up to sm_90.
func conversions() []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, "cvt."+fmt.Sprintf(format, args...)) }
	ints := []string{"u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"}
	for _, to := range ints {
		for _, from := range ints {
			add("%s.%s", to, from)
			add("sat.%s.%s", to, from)
		}
	}
	for _, i := range ints {
		for _, f := range []string{"f16", "f32", "f64"} {
			for _, mode := range []string{"rn", "rz", "rm", "rp"} {
				add("%si.%s.%s", mode, i, f)
				add("%s.%s.%s", mode, f, i)
			}
		}
		add("rzi.ftz.%s.f32", i)
		if i[1:] != "8" {
			add("rzi.%s.bf16", i)
			add("rn.bf16.%s", i)
		}
	}
	for _, mode := range []string{"rn", "rz", "rm", "rp"} {
		add("%s.f32.f64", mode)
		add("%s.ftz.f32.f64", mode)
		add("%s.sat.f32.f64", mode)
		add("%s.f16.f32", mode)
		add("%s.f16.f64", mode)
		for _, f := range []string{"f16", "f32", "f64"} {
			add("%si.%s.%s", mode, f, f)
		}
		add("%si.ftz.f32.f32", mode)
		add("%si.sat.f32.f32", mode)
	}
	for _, form := range []string{
		"f64.f32", "ftz.f64.f32", "f32.f16", "ftz.f32.f16", "f64.f16", "f32.bf16", "sat.f32.f32", "ftz.f32.f32", "ftz.sat.f32.f32", "sat.f16.f16", "sat.f64.f64",
		"rn.ftz.f16.f32", "rn.sat.f16.f32", "rn.relu.f16.f32", "rz.relu.f16.f32", "rn.bf16.f32", "rz.bf16.f32", "rn.relu.bf16.f32", "rz.relu.bf16.f32",
		"rn.f16x2.f32", "rz.f16x2.f32", "rn.relu.f16x2.f32", "rz.relu.f16x2.f32", "rn.bf16x2.f32", "rz.bf16x2.f32", "rn.relu.bf16x2.f32", "rz.relu.bf16x2.f32",
		"rna.tf32.f32", "rn.tf32.f32", "rz.tf32.f32", "rn.relu.tf32.f32",
	} {
		add("%s", form)
	}
	return all
}

// TestConversions holds every form of cvt against math/big.
func TestConversions(t *testing.T) {
	d := sim.NewDevice(hopper(t), sim.Options{Workers: 2})
	for seed, name := range conversions() {
		ref, ok := referenceFor(name)
		require.True(t, ok, name)
		m, err := d.Load([]byte(snippet("", body(name, ref))))
		require.NoError(t, err)
		if _, err := m.Kernel("snippet"); !assert.NoError(t, err, name) {
			continue
		}
		inputs := tuples(ref, uint64(seed))
		got := evaluate(t, d, body(name, ref), ref, inputs)
		for i, a := range inputs {
			if want, _ := ref.value(a); !agree(ref, got[i], want) {
				t.Errorf("%s of %x is %x, should be %x", name, a, got[i], want)
				break
			}
		}
	}
}
