package sim_test

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/ptx"
)

//go:embed testdata/kernels.cu
var kernelsSource string

//go:embed testdata/layers.cu
var layersSource string

//go:embed testdata/division.cu
var divisionSource string

//go:embed testdata/calls.cu
var callsSource string

//go:embed testdata/halves.cu
var halvesSource string

// compiler gives NVRTC, or skips the test where there is none.
func compiler(t *testing.T) *nvrtc.Library {
	l, err := nvrtc.Open()
	if err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			require.NoError(t, err)
		}
		t.Skip(err)
	}
	return l
}

// architectures are those of the tests that this NVRTC knows: from the first with cp.async on.
func architectures(t *testing.T, l *nvrtc.Library) []int {
	known, err := l.Architectures()
	require.NoError(t, err)
	var all []int
	for _, a := range known {
		switch a {
		case 80, 90, 120:
			all = append(all, a)
		}
	}
	return all
}

func compile(t *testing.T, l *nvrtc.Library, name, source string, options ...string) string {
	code, err := l.Compile(nvrtc.Source{Name: name, Text: source}, append(options, "--std=c++17", "-lineinfo")...)
	require.NoError(t, err)
	return strings.TrimRight(string(code.Image), "\x00")
}

// TestFreshlyCompiled runs what the NVRTC of this machine makes, for every architecture: the checks find the same bugs in the same lines, and the
// results are the same.
func TestFreshlyCompiled(t *testing.T) {
	l := compiler(t)
	for _, arch := range architectures(t, l) {
		target := fmt.Sprintf("--gpu-architecture=compute_%d", arch)
		t.Run(target, func(t *testing.T) {
			broken := compile(t, l, "bugs.cu", bugsSource, target, "-DFIXED=0")
			fixed := compile(t, l, "bugs.cu", bugsSource, target, "-DFIXED=1")
			testPlantedBugs(t, broken, fixed, []sim.Options{{Checks: sim.AllChecks, Workers: 1}})
			kernels := compile(t, l, "kernels.cu", kernelsSource, target)
			for _, j := range []job{gemmJob(), reduceJob(), convolutionJob()} {
				launchJob(t, kernels, j, sim.Options{Checks: sim.AllChecks, Order: sim.Random, Workers: 2})
			}
		})
	}
}

// TestEveryArchitectureIsParsed reads and decodes the PTX of this NVRTC for all its architectures.
func TestEveryArchitectureIsParsed(t *testing.T) {
	l := compiler(t)
	known, err := l.Architectures()
	require.NoError(t, err)
	files, err := filepath.Glob("testdata/*.cu")
	require.NoError(t, err)
	for _, arch := range known {
		if arch < 80 {
			continue // no cp.async
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			options := []string{fmt.Sprintf("--gpu-architecture=compute_%d", arch), "-DFIXED=0", "--use_fast_math", "--device-int128"}
			if strings.Contains(string(source), "#include <cuda_") {
				var complete bool
				if options, complete = withHeaders(append(options, headersOption)); !complete {
					continue
				}
			}
			text := compile(t, l, filepath.Base(file), string(source), options...)
			m, err := ptx.Parse([]byte(text))
			require.NoError(t, err)
			module, err := sim.NewDevice(hopper(t), sim.Options{}).Load([]byte(text))
			require.NoError(t, err)
			for _, f := range m.Functions {
				if f.Kernel {
					_, err := module.Kernel(f.Name)
					require.NoError(t, err)
				}
			}
		}
	}
}

var update = flag.Bool("update", false, "write the stored PTX anew, where this NVRTC is the one that made it")

// stored are the files of PTX that tests read where there is no NVRTC: what it makes of a source for an architecture.
var stored = []struct {
	file, name, source, target string
	options                    []string
}{
	{"testdata/bugs.ptx", "bugs.cu", bugsSource, "compute_80", []string{"-DFIXED=0"}},
	{"testdata/bugs_fixed.ptx", "bugs.cu", bugsSource, "compute_80", []string{"-DFIXED=1"}},
	{"testdata/masks.ptx", "masks.cu", masksSource, "compute_80", []string{"-DFIXED=0"}},
	{"testdata/masks_fixed.ptx", "masks.cu", masksSource, "compute_80", []string{"-DFIXED=1"}},
	{"testdata/definedness.ptx", "definedness.cu", definednessSource, "compute_80", []string{"-DFIXED=0"}},
	{"testdata/definedness_fixed.ptx", "definedness.cu", definednessSource, "compute_80", []string{"-DFIXED=1"}},
	{"testdata/blocks.ptx", "blocks.cu", blocksSource, "compute_80", nil},
	{"testdata/kernels.ptx", "kernels.cu", kernelsSource, "compute_80", nil},
	{"testdata/memory.ptx", "memory.cu", memorySource, "compute_80", nil},
	{"testdata/layers.ptx", "layers.cu", layersSource, "compute_90", nil}, // of a newer NVRTC, so that its PTX is read too
	{"testdata/division.ptx", "division.cu", divisionSource, "compute_80", []string{"--device-int128"}},
	{"testdata/calls.ptx", "calls.cu", callsSource, "compute_80", nil},
	{"testdata/halves.ptx", "halves.cu", halvesSource, "compute_80", []string{headersOption}},
}

// headersOption stands for the folder of NVIDIA's headers, which CNN_GPU_CUDA_INCLUDE names. Without it what includes them is left out.
const headersOption = "-I$CNN_GPU_CUDA_INCLUDE"

// withHeaders puts the folder in the option's place, or says that there is none.
func withHeaders(options []string) ([]string, bool) {
	i := slices.Index(options, headersOption)
	if i < 0 {
		return options, true
	}
	folder := os.Getenv("CNN_GPU_CUDA_INCLUDE")
	options = slices.Clone(options)
	options[i] = "-I" + folder
	return options, folder != ""
}

// TestStoredPTXIsCurrent compares the stored PTX with what this NVRTC makes of the sources: the text where the same release made it, else
// the kernels and their parameters.
func TestStoredPTXIsCurrent(t *testing.T) {
	l := compiler(t)
	here, err := os.Getwd()
	require.NoError(t, err)
	for _, s := range stored {
		t.Run(s.file, func(t *testing.T) {
			options, complete := withHeaders(s.options)
			if !complete {
				t.Skip("CNN_GPU_CUDA_INCLUDE does not name the folder of NVIDIA's headers")
			}
			fresh := compile(t, l, s.name, s.source, append(options, "--gpu-architecture="+s.target)...)
			fresh = strings.ReplaceAll(fresh, `"`+here+"/", `"`) // NVRTC writes the source's whole path
			fresh = strings.ReplaceAll(fresh, `"`+os.Getenv("CNN_GPU_CUDA_INCLUDE")+"/", `"`)
			text, err := os.ReadFile(s.file)
			require.NoError(t, err)
			if release(fresh) != release(string(text)) {
				require.Equal(t, signatures(t, fresh), signatures(t, string(text)), "%s is not of %s", s.file, s.name)
				return
			}
			if *update {
				require.NoError(t, os.WriteFile(s.file, []byte(fresh), 0o644))
			} else if fresh != string(text) {
				t.Errorf("%s is not what NVRTC makes of %s: go test -tags cuda ./device/sim -run TestStoredPTXIsCurrent -update", s.file, s.name)
			}
		})
	}
}

// release is the line in which PTX says what compiled it.
func release(text string) string {
	_, after, _ := strings.Cut(text, "Cuda compilation tools")
	line, _, _ := strings.Cut(after, "\n")
	return line
}

// signatures lists the kernels of PTX with the sizes of their parameters.
func signatures(t *testing.T, text string) []string {
	m, err := ptx.Parse([]byte(text))
	require.NoError(t, err)
	var all []string
	for _, f := range m.Functions {
		if !f.Kernel {
			continue
		}
		signature := f.Name
		for _, p := range f.Params {
			signature += fmt.Sprint(" ", p.Size)
		}
		all = append(all, signature)
	}
	return all
}
