package inspect

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// script is one launch of one block, as flags make it.
func script(t *testing.T, file, kernel string, threads uint32, args ...string) *Script {
	step := Step{Kernel: kernel, Block: Size{threads}}
	for _, text := range args {
		require.NoError(t, step.Args.Add(text))
	}
	return &Script{File: file, Launches: []Step{step}, Chip: sim.Chips()[0], Options: sim.Options{Checks: sim.AllChecks, Workers: 1}}
}

// Kernels of the simulator's own tests, and of this package's, with debug data.
const (
	kernels   = "../testdata/kernels.ptx"
	bugs      = "../testdata/bugs.ptx"
	arguments = "testdata/arguments.ptx"
)

func TestRun(t *testing.T) {
	in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	var content []byte
	for i := range 32 {
		content = binary.LittleEndian.AppendUint32(content, math.Float32bits(float32(i)/2))
	}
	require.NoError(t, os.WriteFile(in, content, 0o644))
	r, err := Run(script(t, kernels, "copy_straight", 32, "in:"+in, "out:"+out+":f32:32"))
	require.NoError(t, err)
	assert.True(t, r.Clean())
	saved, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, content, saved)
	require.Len(t, r.Outputs, 2)
	assert.Equal(t, []string{"0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5"}, r.Outputs[1].First)
	assert.Equal(t, out, r.Outputs[1].File)
	assert.EqualValues(t, 4, r.Launches[0].Counters.Memory.GlobalLoadSectors)

	var text strings.Builder
	require.NoError(t, r.Print(&text))
	for _, part := range []string{"No findings.", "0 0.5 1", "written to " + out, "warp instructions", "estimate"} {
		assert.Contains(t, text.String(), part)
	}
	encoded, err := json.Marshal(r)
	require.NoError(t, err)
	var back Result
	require.NoError(t, json.Unmarshal(encoded, &back))
	assert.Equal(t, r.Launches[0].Counters, back.Launches[0].Counters)
}

// A kernel that leaves a part of its output as it was breaks no rule, but is most often not what was meant.
func TestUnwritten(t *testing.T) {
	for _, test := range []struct {
		kernel, size, want string
		first, last        int
	}{
		{"copy_straight", "f32:64", "; bytes 128 to 255 were never written\n", 128, 255},
		{"copy_straight", "f32:32", "f32:32: 128 bytes, 1 1 1 1 1 1 1 1 ...\n", -1, -1},
	} {
		r, err := Run(script(t, kernels, test.kernel, 32, "ones:f32:32", "empty:"+test.size))
		require.NoError(t, err)
		var text strings.Builder
		require.NoError(t, r.Print(&text))
		assert.Contains(t, text.String(), test.want)
		if test.first >= 0 {
			assert.Equal(t, []sim.Range{{First: uint64(test.first), Last: uint64(test.last)}}, r.Outputs[1].Unwritten)
		} else {
			assert.Empty(t, r.Outputs[1].Unwritten)
		}
	}
	assert.Equal(t, "never written", describeUnwritten([]sim.Range{{First: 0, Last: 7}}, 8))
	gaps := []sim.Range{{First: 1, Last: 1}, {First: 3, Last: 3}, {First: 5, Last: 5}, {First: 7, Last: 9}}
	assert.Equal(t, "bytes 1 to 1, 3 to 3, 5 to 5 and 1 more range, 6 bytes together, were never written", describeUnwritten(gaps, 100))
}

func TestAdvice(t *testing.T) {
	r, err := Run(script(t, bugs, "barrier_after_exit", 64, "zeros:f32:64", "empty:f32:64", "u32:64"))
	require.NoError(t, err)
	assert.Equal(t, 0, r.Count(sim.Error))
	assert.Equal(t, 1, r.Count(sim.Advice))
	assert.True(t, r.Clean(), "advice is nothing that is wrong")
	assert.Len(t, r.Outputs, 2, "advice does not end the run")
	var text strings.Builder
	require.NoError(t, r.Print(&text))
	assert.Contains(t, text.String(), "No errors.\n\n1 piece of advice")
	assert.Contains(t, text.String(), "1. divergent barrier")
}

// What was found keeps nobody from seeing what was computed until then.
func TestFindings(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r, err := Run(script(t, bugs, "read_past_end", 128, "zeros:f32:128", "out:"+out+":512", "u32:128"))
	require.NoError(t, err)
	require.Len(t, r.Findings, 1)
	assert.True(t, r.Fatal)
	assert.Equal(t, sim.OutOfBounds, r.Findings[0].Kind)
	assert.Equal(t, "the array 1", r.Findings[0].Array, "its number, where no name is known")
	saved, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Len(t, saved, 512)
	var text strings.Builder
	require.NoError(t, r.Print(&text))
	for _, part := range []string{"1 finding", "out of bounds", "bugs.cu:22", "PTX      line ", "thread   127,0,0", "ended the kernel", "written to " + out} {
		assert.Contains(t, text.String(), part)
	}
	assert.Equal(t, "1 finding", r.Summary())
}

func TestPrinted(t *testing.T) {
	r, err := Run(script(t, kernels, "print", 32, "ones:f32:32", "empty:f32:32"))
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(r.Printed, "of a block:  1.00"))
	var text strings.Builder
	require.NoError(t, r.Print(&text))
	assert.Contains(t, text.String(), r.Printed)
}

func TestRunErrors(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.ptx")
	require.NoError(t, os.WriteFile(broken, []byte(".version 8.8\nnonsense"), 0o644))
	good := []string{"zeros:f32:32", "empty:f32:32"}
	for name, test := range map[string]struct {
		script *Script
		want   string
	}{
		"no file":        {script(t, "none.ptx", "k", 32), "none.ptx does not exist"},
		"broken":         {script(t, broken, "k", 32), "line 2"},
		"no such kernel": {script(t, kernels, "nothing", 32, good...), "transpose_padded"},
		"no name":        {script(t, kernels, "", 32, good...), "name one of its kernels"},
		"too many":       {script(t, kernels, "copy_straight", 32, append(good, "1")...), "takes 2 arguments, more were given"},
		"size":           {script(t, kernels, "copy_straight", 32, good[0], "f32:1"), "has 4 bytes, wanted are 8"},
		"block":          {script(t, kernels, "copy_straight", 2048, good...), "1024"},
		"bad argument":   {script(t, kernels, "copy_straight", 32, good[0], "what:1"), "the forms are"},
	} {
		_, err := Run(test.script)
		assert.ErrorContains(t, err, test.want, name)
		assert.ErrorAs(t, err, new(*NotUnderstoodError), name)
	}
	missing := filepath.Join(t.TempDir(), "folder", "out")
	_, err := Run(script(t, kernels, "copy_straight", 32, good[0], "out:"+missing+":128"))
	assert.ErrorContains(t, err, missing)
	assert.NotErrorAs(t, err, new(*NotUnderstoodError), "the machine could not")
}

func TestNamesOfChecksAndOrders(t *testing.T) {
	all, err := ParseChecks(strings.Join(CheckNames(), ","))
	require.NoError(t, err)
	assert.Equal(t, sim.AllChecks, all)
	none, err := ParseChecks("none")
	require.NoError(t, err)
	assert.Zero(t, none)
	_, err = ParseChecks("shared-races,nonsense")
	assert.ErrorContains(t, err, `"nonsense"`)
	order, err := ParseOrder("reverse")
	require.NoError(t, err)
	assert.Equal(t, sim.Reverse, order)
	_, err = ParseOrder("sideways")
	assert.ErrorContains(t, err, `"sideways"`)
}

// Launches may find the same line by other instructions of an unrolled loop: one finding.
func TestOneFindingForOneLine(t *testing.T) {
	r := newRunner(&Script{Chip: sim.Chips()[0]})
	line := sim.Place{File: "k.cu", Line: 7}
	r.found([]*sim.Report{{Kernel: "k", Kind: sim.SharedRace, Source: line, PTXLine: 40}})
	r.found([]*sim.Report{{Kernel: "k", Kind: sim.SharedRace, Source: line, PTXLine: 44}, {Kernel: "k", Kind: sim.OutOfBounds, Source: line, PTXLine: 44}})
	r.found([]*sim.Report{{Kernel: "other", Kind: sim.SharedRace, PTXLine: 50}, {Kernel: "other", Kind: sim.SharedRace, PTXLine: 51}})
	var lines []int
	for _, f := range r.result.Findings {
		lines = append(lines, f.PTXLine)
	}
	assert.Equal(t, []int{40, 44, 50, 51}, lines)
}
