package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim/inspect"
)

// runSim runs the command on a file of the simulator's own tests.
func runSim(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := newRootCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"sim"}, args...))
	err := cmd.Execute()
	return out.String(), err
}

const simKernels = "../../device/sim/testdata/kernels.ptx"

func TestSim(t *testing.T) {
	out, err := runSim(simKernels, "--kernel", "transpose", "--block", "32,8", "--arg", "iota:f32:1024", "--arg", "empty:f32:1024")
	require.NoError(t, err)
	assert.Contains(t, out, "No findings.")
	assert.Contains(t, out, "empty:f32:1024: 4096 bytes, 0 32 64 96")
	assert.Contains(t, out, "32.00 wavefronts")

	out, err = runSim(simKernels, "--kernel", "copy_straight", "--device", "sim:a100", "--block", "32", "--arg", "ones:f32:32", "--arg", "empty:f32:32")
	require.NoError(t, err)
	assert.Contains(t, out, "simulated a100")

	out, err = runSim(simKernels, "--kernel", "transpose", "--block", "32,8", "--arg", "iota:f32:1024", "--arg", "empty:f32:1023", "--json")
	assert.EqualError(t, err, "1 finding")
	assert.Equal(t, 1, strings.Count(out, "\n"), "a line")
	assertSnakeCase(t, out)
	var result inspect.Result
	require.NoError(t, json.NewDecoder(bytes.NewBufferString(out)).Decode(&result))
	require.Len(t, result.Findings, 1)
	assert.Equal(t, [3]uint32{31, 7, 0}, result.Findings[0].Thread)
}

func TestSimErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"something is missing: give one file": {},
		"does not exist":                      {"none.cu"},
		"--grid 1,2,3,4":                      {simKernels, "--grid", "1,2,3,4"},
		`--block 0: "0" is no`:                {simKernels, "--block", "0"},
		`unknown check "x"`:                   {simKernels, "--checks", "x"},
		`unknown order "x"`:                   {simKernels, "--order", "x"},
		"h200":                                {simKernels, "--device", "sim:x"},
		`unknown form "f99"`:                  {simKernels, "--arg", "f99:1"},
		"name one of its kernel":              {simKernels},
	} {
		_, err := runSim(args...)
		assert.ErrorContains(t, err, want, "%v", args)
	}
}
