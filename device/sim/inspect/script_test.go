package inspect

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// read writes a script beside the stored PTX and reads it.
func read(t *testing.T, text string) (*Script, string, error) {
	folder := t.TempDir()
	ptx, err := os.ReadFile(arguments)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "arguments.ptx"), ptx, 0o644))
	file := filepath.Join(folder, "run.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	s, err := ReadScript(file)
	if err == nil {
		s.Chip, s.Options = sim.Chips()[0], sim.Options{Checks: sim.AllChecks, Workers: 1}
	}
	return s, folder, err
}

// Four rounds of smoothing there and back, computed by hand in float64: each round averages neighbours on a ring.
func TestScript(t *testing.T) {
	s, folder, err := read(t, `
file: arguments.ptx
device: sim:a100
buffers:
  a: iota:f32:5
  b: out:b.bin:f32:5
launches:
  - {kernel: saxpy, block: 5, args: [5, 1, a, ones:f32:5]}
  - repeat: 2
    launches:
      - {kernel: smooth, grid: 1, block: [8, 1], args: {from: a, to: b, n: 5}}
      - swap: [a, b]
      - kernel: smooth
        block: 8
        args: [a, b, 5]
      - swap: [a, b]
expect:
  a: {values: [2.0625, 1.8125, 1.875, 2.1875, 2.0625], tolerance: 1}
`)
	require.NoError(t, err)
	x := []float64{0, 1, 2, 3, 4}
	for range 4 {
		next := make([]float64, 5)
		for i := range x {
			next[i] = (x[i] + x[(i+1)%5]) / 2
		}
		x = next
	}
	s.Expect[0].Values, s.Expect[0].Tolerance = x, 0
	r, err := Run(s)
	require.NoError(t, err)
	assert.Empty(t, r.Findings)
	require.Len(t, r.Launches, 3)
	assert.Equal(t, []int{1, 2, 2}, []int{r.Launches[0].Runs, r.Launches[1].Runs, r.Launches[2].Runs})
	require.Len(t, r.Outputs, 3, "memory that a loop makes, it makes once")
	assert.Equal(t, []Comparison{{Name: "a", Expected: fmt.Sprintf("%v, %v, %v, %v, %v", x[0], x[1], x[2], x[3], x[4]), Type: "f32", Count: 5, Met: true}}, r.Compared)
	assert.Equal(t, "sim:a100", s.Device)
	saved, err := os.ReadFile(filepath.Join(folder, "b.bin"))
	require.NoError(t, err)
	assert.Len(t, saved, 20)
}

// A finding that a chip would have ended the program with ends the script.
func TestFindingsOfScripts(t *testing.T) {
	s, _, err := read(t, `
file: arguments.ptx
buffers: {a: iota:f32:5, b: empty:f32:5}
launches:
  - {kernel: smooth, block: 5, args: [b, a, 5], repeat: 3}
  - {kernel: smooth, block: 8, args: [a, b, 6]}
  - {kernel: saxpy, block: 5, args: [5, 1, a, b]}
`)
	require.NoError(t, err)
	r, err := Run(s)
	require.NoError(t, err)
	require.True(t, r.Fatal)
	require.Len(t, r.Launches, 2)
	assert.Equal(t, 3, r.Launches[0].Runs)
	lines := map[string]int{}
	for _, f := range r.Findings {
		lines[fmt.Sprint(f.Kind, f.PTXLine)]++
	}
	for line, n := range lines {
		assert.Equal(t, 1, n, line)
	}
	assert.Equal(t, sim.OutOfBounds, r.Findings[len(r.Findings)-1].Kind)
}

func TestBadScripts(t *testing.T) {
	const launch = "launches: [{kernel: saxpy, args: [1]}]\n"
	for text, want := range map[string]string{
		"":                                    "there is no file",
		"file: x.cu":                          "there are no launches",
		"files: x.cu":                         "line 1: there is no files here",
		"file: [":                             "line 1",
		"file: x.cu\nlaunches: [{krenel: x}]": "line 2: there is no krenel here",
		"file: x.cu\nlaunches: [{grid: 0}]":   "line 2: at most three sizes from 1",
		"file: x.cu\nlaunches: [{grid: [1, 2, 3, 4]}]":                 "at most three sizes",
		"file: x.cu\nlaunches: [{block: wide}]":                        `"wide": a size is wanted`,
		"file: x.cu\nlaunches: [{repeat: -1}]":                         "repeat: -1",
		"file: x.cu\nlaunches: [{swap: [a]}]":                          "two buffers are wanted",
		"file: x.cu\nlaunches: [{swap: [a, b], kernel: x}]":            "in a step of its own",
		"file: x.cu\nlaunches: [{kernel: x, launches: [{kernel: y}]}]": "not both",
		"file: x.cu\nlaunches: [{kernel: x, args: 3}]":                 "line 2: values by their names are wanted",
		"file: x.cu\nlaunches: [{kernel: x, args: {a: 1, a: 2}}]":      "a is there already",
		"file: x.cu\nbuffers: {x: {a: 1}}\n" + launch:                  "a buffer has a name and a form",
		"file: x.cu\nbuffers: [zeros:f32:1]\n" + launch:                "a buffer has a name and a form",
		"file: x.cu\nvariables: [1]\n" + launch:                        "a variable has a name and a value",
		"file: x.cu\nexpect: [y]\n" + launch:                           "expectations are named",
		"file: x.cu\nexpect: {y: {tolerance: 1}}\n" + launch:           "a file or values are wanted",
		"file: x.cu\nexpect: {y: {file: a, values: [1]}}\n" + launch:   "a file or values are wanted",
		"file: x.cu\nexpect: {y: {file: a, tolerance: -1}}\n" + launch: "a tolerance from 0",
		"file: x.cu\nexpect: {y: {fiel: a}}\n" + launch:                "there is no fiel",
		"file: x.cu\nexpect: {y: {values: []}}\n" + launch:             "a file or values are wanted",
		"file: x.cu\nlaunches: 3":                                      "line 2: expected a list of launches, found `3`",
		"file: {a: 1}\n" + launch:                                      "line 1: expected a text, found a map",
	} {
		_, _, err := read(t, text)
		assert.ErrorContains(t, err, want, text)
		assert.ErrorContains(t, err, "run.yaml: ", text)
		assert.ErrorAs(t, err, new(*NotUnderstoodError), text)
	}
	_, err := ReadScript("none.yaml")
	assert.ErrorContains(t, err, "the script none.yaml does not exist")
	for text, want := range map[string]string{
		"buffers: {a: zeros:q:1}\n" + launch: "buffer a: ",
		"launches: [{swap: [a, b]}]":         `swap: no buffer "a"; there are no buffers`,
		"launches: [{kernel: smooth, args: [zeros:f32:4, null, 0]}]\nexpect: {q: x.bin}": "expectation of q: there is no such buffer or variable",
	} {
		s, _, err := read(t, "file: arguments.ptx\n"+text)
		require.NoError(t, err, text)
		_, err = Run(s)
		assert.ErrorContains(t, err, want)
	}
}
