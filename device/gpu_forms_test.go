//go:build cuda && cgo

package device

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// onMachine puts simulated cards in libcuda's place, which are then opened as real ones are.
func onMachine(t *testing.T, config driverapi.Config) {
	t.Helper()
	simulatedOnly(t)
	require.NoError(t, driverapi.Install(config))
	t.Setenv(CodeDirEnv, t.TempDir())
}

// compilers is NVRTC and its version, as the driver writes it: one that is not the first of its kind, so that a driver may be older.
func compilers(t *testing.T) (l *nvrtc.Library, cuda int) {
	t.Helper()
	require.NoError(t, openForTest(t, Options{}).Close())
	l, err := nvrtc.Open()
	require.NoError(t, err)
	if l.Minor == 0 {
		t.Skipf("no driver is older than NVRTC %s and follows it", versionOf(l))
	}
	return l, 1000*l.Major + 10*l.Minor
}

// The simulated driver refuses machine code, as one does that is too old for it: the program goes on with PTX, and asks once.
func TestGPUThatRefusesMachineCode(t *testing.T) {
	onMachine(t, driverapi.Config{})
	for range 2 { // compiled, and from the cache
		d, err := Open("cuda", Options{})
		require.NoError(t, err)
		assert.Equal(t, run(t, onCPU(t)), run(t, d))
		assert.Equal(t, []form{{arch: "sm_90"}}, d.(*gpu).code.refused)
		require.NoError(t, d.Close())
	}
	files, err := filepath.Glob(filepath.Join(os.Getenv(CodeDirEnv), "*"))
	require.NoError(t, err)
	assert.Len(t, files, 3+1, "three kernels as PTX, and machine code of the first, which is not in their way")
}

func onCPU(t *testing.T) Device {
	t.Helper()
	d, err := OpenCPU(Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// A driver that loads lazily refuses the code where a function of it is looked for.
func TestGPUThatRefusesLazily(t *testing.T) {
	simulatedOnly(t)
	l, _ := compilers(t)
	onMachine(t, driverapi.Config{CUDA: 1000 * l.Major, Faults: "function=222@1"})
	d, err := Open("cuda", Options{})
	require.NoError(t, err)
	c := d.(*gpu).code
	c.forms = []form{{arch: "compute_90", ptx: "7.8"}, {arch: "compute_90", ptx: older(l, 1000*l.Major)}}
	assert.Equal(t, run(t, onCPU(t)), run(t, d))
	assert.Len(t, c.forms, 1)
	require.NoError(t, d.Close())
	assert.Zero(t, driverapi.Holds(), "what was refused is unloaded")
}

// A driver that is older than the compiler gets PTX that is said to be of the driver's version.
func TestGPUWithAnOlderDriver(t *testing.T) {
	simulatedOnly(t)
	l, _ := compilers(t)
	onMachine(t, driverapi.Config{CUDA: 1000 * l.Major})
	d, err := Open("cuda", Options{})
	require.NoError(t, err)
	defer d.Close()
	assert.Equal(t, run(t, onCPU(t)), run(t, d))
	c := d.(*gpu).code
	assert.Equal(t, []form{{arch: "sm_90"}, {arch: "compute_90"}}, c.refused)
	assert.Equal(t, form{"compute_90", older(l, 1000*l.Major)}, c.forms[0])
	assert.ErrorContains(t, c.reasons[1], "CUDA_ERROR_UNSUPPORTED_PTX_VERSION")
}

// A driver that takes no form is told with both versions and the way out; one that is of another generation than the compiler, at once.
func TestGPUThatTakesNothing(t *testing.T) {
	simulatedOnly(t)
	l, cuda := compilers(t)
	refuse := func(cuda int, fault string) error {
		onMachine(t, driverapi.Config{CUDA: cuda, Faults: fault})
		d, err := Open("cuda", Options{})
		require.NoError(t, err)
		defer d.Close()
		d.(*gpu).code.forms = []form{{arch: "compute_90"}} // and not all, which would have to be compiled
		ops, _, _ := doubling()
		_, err = d.Compile(ops, CompileOptions{})
		require.Error(t, err)
		return err
	}
	err := refuse(1000*l.Major, "load=222@1")
	assert.ErrorContains(t, err, fmt.Sprintf("the driver, which knows CUDA up to %d.0, refuses the kernels, and NVRTC is of CUDA %s", l.Major, versionOf(l)))
	assert.ErrorContains(t, err, "update the driver, or `pip install "+nvrtc.Package(1000*l.Major)+"`")
	assert.ErrorContains(t, err, "It was offered PTX for compute_90: ")
	assert.ErrorContains(t, refuse(cuda, "load=223@1"), "CUDA_DISABLE_PTX_JIT")
	assert.ErrorContains(t, refuse(cuda, "load=221@1"), "libnvidia-ptxjitcompiler")
	assert.ErrorContains(t, refuse(cuda, "load=209@1"), "update NVRTC (`make nvrtc`) or the driver")

	onMachine(t, driverapi.Config{CUDA: 11040})
	_, err = Open("cuda", Options{})
	assert.ErrorContains(t, err, "the driver knows CUDA up to 11.4")
	assert.ErrorContains(t, err, "`pip install nvidia-cuda-nvrtc-cu11`")
}

// What is no refusal is no reason to try other forms.
func TestGPUThatFailsToLoad(t *testing.T) {
	onMachine(t, driverapi.Config{Faults: "load=2@1"})
	d, err := Open("cuda", Options{})
	require.NoError(t, err)
	defer d.Close()
	ops, _, _ := doubling()
	_, err = d.Compile(ops, CompileOptions{})
	assert.ErrorContains(t, err, "CUDA_ERROR_OUT_OF_MEMORY")
	assert.Equal(t, []form{{arch: "sm_90"}}, d.(*gpu).code.refused, "which no simulated GPU runs")
}

// A card that the compiler does not know yet gets PTX of the newest one that it knows; one that it no longer knows is refused.
func TestGPUOfAnotherTimeThanTheCompiler(t *testing.T) {
	simulatedOnly(t)
	l, _ := compilers(t)
	known, err := l.Architectures()
	require.NoError(t, err)
	future, past := sim.Chips()[0], sim.Chips()[0]
	future.Major, future.Minor = 99, 0
	past.Major, past.Minor = 2, 1
	onMachine(t, driverapi.Config{Chips: []sim.Chip{future, past}})
	d, err := Open("cuda", Options{})
	require.NoError(t, err)
	defer d.Close()
	assert.Equal(t, fmt.Sprintf("compute_%d", known[len(known)-1]), d.(*gpu).code.forms[0].arch)
	assert.Equal(t, []string{fmt.Sprintf("it is newer than NVRTC %s, so the driver compiles its kernels and the first start takes longer", versionOf(l))}, Remarks(d))
	_, err = Open("cuda:1", Options{})
	assert.ErrorContains(t, err, fmt.Sprintf("NVRTC %s at ", versionOf(l)))
	assert.ErrorContains(t, err, "the GPU has 2.1")
}

// Forms are in the order of how fast they start, none twice, and for a GPU with tensor cores none without.
func TestForms(t *testing.T) {
	l, cuda := compilers(t)
	forms, err := formsFor(l, 90, cuda)
	require.NoError(t, err)
	assert.Equal(t, []form{{arch: "sm_90"}, {arch: "compute_90"}}, forms[:2])
	assert.Contains(t, forms, form{arch: "compute_80"})
	assert.NotContains(t, forms, form{arch: "compute_75"})
	forms, err = formsFor(l, 87, 1000*l.Major)
	require.NoError(t, err)
	assert.Equal(t, form{arch: "sm_87"}, forms[0])
	assert.Contains(t, forms, form{arch: "sm_80"})
	assert.Contains(t, forms, form{"compute_80", older(l, 1000*l.Major)})
	assert.NotContains(t, forms, form{arch: "sm_75"})
	seen := map[form]bool{}
	for _, f := range forms {
		assert.False(t, seen[f], f.String())
		seen[f] = true
	}
	assert.Equal(t, "\n.version 8.4\n.target sm_90", string(form{"compute_90", "8.4"}.of([]byte("\n.version 8.8\n.target sm_90"))))
	assert.Equal(t, "\x7fELF", string(form{"compute_90", "8.4"}.of([]byte("\x7fELF"))))
}
