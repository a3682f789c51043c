package inspect

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// Declarations as the source has them: by debug data, by the mangled name alone, by the PTX alone.
func TestKernelsAreDeclared(t *testing.T) {
	text, err := os.ReadFile(arguments)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"saxpy(int n, float a, const float* x, float* y)",
		"copy(const __half* from, __half* to)",
		"smooth(const float* from, float* to, int n)",
		"nn::apply<2, float>(const float* x, float* y, int n, nn::Layer layer)",
		"nn::apply<3, int>(const int* x, int* y, int n, nn::Layer layer)",
		"nn::variables(float* y)",
		"nn::add(float* x, float by)",
		"nn::add(int* x, int by)",
	}, kernelsIn(t, text))
	for name, want := range map[string]string{
		"_ZN2nn3addEPff": "nn::add(float*, float)",
		"saxpy":          "saxpy(32-bit integer, float, pointer or 64-bit integer, pointer or 64-bit integer)",
		"_ZN2nn5applyILi2EfEEvPKT0_PS1_iNS_5LayerE": "nn::apply<2, float>(const float*, float*, int, 40 bytes)",
	} {
		k := newKernel(name, params(t, text, name), &debugInfo{})
		assert.Equal(t, want, k.String())
	}
}

// params are those of a kernel as the PTX has them.
func params(t *testing.T, ptx []byte, kernel string) []sim.Param {
	m, err := sim.NewDevice(sim.Chips()[0], sim.Options{}).Load(ptx)
	require.NoError(t, err)
	all, err := m.Params(kernel)
	require.NoError(t, err)
	return all
}

func TestFindKernel(t *testing.T) {
	names := []string{"plain", "_Z5saxpyifPKfPf", "_Z5twiceILi1EEvPf", "_Z5twiceILi2EEvPf", "_ZN2nn4fillIfLb1EEEvPT_", "_ZN2nn4fillIfLb0EEEvPT_",
		"_ZN31_INTERNAL_00000000_4_a_cu_plain2nn5innerEv", "_Z8unsignedILj256EEvv"}
	p := &program{file: "k.cu", instances: map[string]string{"twice<One>": "_Z5twiceILi1EEvPf"}, templates: []string{"later<int N>"}}
	for _, name := range names {
		p.kernels = append(p.kernels, Kernel{Name: demangled(name), LinkerName: name})
	}
	for wanted, want := range map[string]string{
		"plain": names[0], "saxpy": names[1], "twice<2>": names[3], "twice< 2 >": names[3], "_Z5twiceILi2EEvPf": names[3], "twice<One>": names[2],
		"nn::fill<float, true>": names[4], "fill<float,false>": names[5], "inner": names[6], "nn::inner": names[6], "unsigned<256>": names[7],
	} {
		got, err := p.findKernel(wanted)
		require.NoError(t, err, wanted)
		assert.Equal(t, want, got.LinkerName, wanted)
	}
	for wanted, want := range map[string]string{
		"twice": "several kernels are called twice", "sax": `no kernel "sax"`, "": "name one of its kernels", "later": "later<int N>, a template",
		"nn::fill": "nn::fill<float, false>",
	} {
		_, err := p.findKernel(wanted)
		assert.ErrorContains(t, err, want)
		assert.ErrorAs(t, err, new(*NotUnderstoodError))
	}
	_, err := (&program{file: "k.cu"}).findKernel("k")
	assert.ErrorContains(t, err, "k.cu: there is no kernel (__global__ function)")
	overloaded := &program{kernels: []Kernel{{LinkerName: "_ZN2nn3addEPff", Name: "nn::add"}, {LinkerName: "_ZN2nn3addEPii", Name: "nn::add"}}}
	_, err = overloaded.findKernel("add")
	assert.ErrorContains(t, err, "_ZN2nn3addEPii", "what tells them apart")
}
