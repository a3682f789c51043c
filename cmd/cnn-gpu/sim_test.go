package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/inspect"
)

// Files of the simulator's own tests.
const (
	simKernels   = "../../device/sim/testdata/kernels.ptx"
	simArguments = "../../device/sim/inspect/testdata/arguments.ptx"
)

// exitUnable is the exit code where the machine or the simulator could not run what was asked for, as the help has it.
const exitUnable = 3

func runSim(args ...string) result { return runCommand(append([]string{"sim"}, args...)...) }

func TestSim(t *testing.T) {
	r := runSim(simKernels, "--kernel", "transpose", "--block", "32,8", "--arg", "iota:f32:1024", "--arg", "empty:f32:1024")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "No findings.")
	assert.Contains(t, r.stdout, "empty:f32:1024: 4096 bytes, 0 32 64 96")
	assert.Contains(t, r.stdout, "32.00 wavefronts")

	r = runSim(simKernels, "--kernel", "copy_straight", "--device", "sim:a100", "--block", "32", "--arg", "ones:f32:32", "--arg", "empty:f32:32")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "simulated a100")

	r = runSim(simArguments, "--list")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "nn::apply<2, float>\n  x                const float*\n  y                float*\n  n                int\n  layer            nn::Layer\n")
	assert.Contains(t, r.stdout, "variables, for --set\n")
	assert.Contains(t, r.stdout, "  nn::table        float[4]\n")
}

// What may be an endless loop is told before a person gives up, and how to let it go on.
func TestSimEndlessLoop(t *testing.T) {
	r := runSim("../../device/sim/testdata/bugs.ptx", "--kernel", "endless_loop", "--block", "32", "--arg", "zeros:f32:32", "--arg", "zeros:f32:32", "--arg", "32")
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stdout, "endless loop: the loop goes on for ever")
	assert.NotContains(t, r.stdout, "--max-steps")
	r = runSim(simKernels, "--kernel", "transpose", "--block", "32,8", "--arg", "iota:f32:1024", "--arg", "empty:f32:1024", "--max-steps", "10")
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stdout, "endless loop: more than 10 instructions")
	assert.Contains(t, r.stdout, "--max-steps")
	flag := newSimCommand().Flags().Lookup("max-steps")
	steps, err := strconv.Atoi(flag.DefValue)
	require.NoError(t, err)
	assert.LessOrEqual(t, steps, 100_000_000, "some 20 million instructions take a second")
}

// The JSON has everything, whatever came of it, on one line.
func TestSimJSON(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.ptx")
	require.NoError(t, os.WriteFile(empty, []byte(".version 8.0\n.target sm_80\n.address_size 64\n"), 0o666))
	for _, test := range []struct {
		args   []string
		status inspect.Status
	}{
		{[]string{simKernels, "--kernel", "transpose", "--block", "32,8", "--arg", "iota:f32:1024", "--arg", "empty:f32:1024"}, inspect.Clean},
		{[]string{simKernels, "--kernel", "transpose", "--block", "32,8", "--arg", "iota:f32:1024", "--arg", "empty:f32:1023"}, inspect.Found},
		{[]string{simArguments, "--list"}, inspect.Clean},
		{[]string{empty}, inspect.NotUnderstood},
		{[]string{"none.yaml"}, inspect.NotUnderstood},
		{nil, inspect.NotUnderstood},
		{[]string{simKernels, "--grid", "0"}, inspect.NotUnderstood},
		{[]string{simKernels, "--grid", ""}, inspect.NotUnderstood},
		{[]string{simKernels, "--shared", "-1"}, inspect.NotUnderstood},
		{[]string{simKernels, "--nonsense"}, inspect.NotUnderstood},
		{[]string{simKernels, "--max-steps", "0"}, inspect.NotUnderstood},
		{[]string{simKernels, "--include", "nowhere"}, inspect.NotUnderstood},
		{[]string{simKernels, "--define", ""}, inspect.NotUnderstood},
		{[]string{simKernels, "--define", "1x=2"}, inspect.NotUnderstood},
	} {
		r := runSim(append(test.args, "--json")...)
		assert.Equal(t, test.status.Code(), r.code, test.args)
		assert.Equal(t, 1, strings.Count(r.stdout, "\n"), "a line")
		assertSnakeCase(t, r.stdout)
		var outcome inspect.Outcome
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &outcome))
		assert.Equal(t, test.status, outcome.Status)
		assert.Equal(t, r.code, outcome.ExitCode)
		if test.status == inspect.Found {
			require.Len(t, outcome.Findings, 1)
			assert.Equal(t, [3]uint32{31, 7, 0}, outcome.Findings[0].Thread)
		}
	}
}

// A signal ends it in the midst of a launch.
func TestSimInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	r := runCommandUntil(ctx, "sim", simKernels, "--kernel", "transpose", "--block", "32,8", "--orders", "100000", "--arg", "iota:f32:1024", "--arg", "zeros:f32:1024")
	assert.Equal(t, exitInterrupted, r.code, r.stderr)
	assert.Empty(t, r.stdout)
}

// Each exit code, by what leads to it; and the SARIF file is there in every case.
func TestSimExitCodes(t *testing.T) {
	saxpy := []string{simArguments, "--kernel", "saxpy", "--block", "4", "--arg", "4", "--arg", "2", "--arg", "x=iota:f32:4", "--arg"}
	folder := t.TempDir()
	want, broken, unknown := filepath.Join(folder, "want"), filepath.Join(folder, "broken.cu"), filepath.Join(folder, "unknown.ptx")
	require.NoError(t, os.WriteFile(want, make([]byte, 16), 0o666))
	require.NoError(t, os.WriteFile(broken, []byte("__global__ void k() { nonsense }"), 0o666))
	require.NoError(t, os.WriteFile(unknown, []byte(".version 8.0\n.target sm_90a\n.address_size 64\n.visible .entry k()\n{\n\twgmma.fence.sync.aligned;\n\tret;\n}\n"), 0o666))
	plain := filepath.Join(folder, "plain.cu")
	require.NoError(t, os.WriteFile(plain, []byte("__global__ void k() {}"), 0o666))
	compiled := exitUsage
	if _, err := nvrtc.Open(); err != nil {
		compiled = exitUnable
	}
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"clean":                     {append(saxpy, "y=zeros:f32:4"), exitOK, ""},
		"a finding":                 {append(saxpy, "y=zeros:f32:3"), exitFailure, "cnn-gpu: 1 finding"},
		"not as expected":           {append(saxpy, "y=zeros:f32:4", "--expect", "y="+want), exitFailure, "1 expectation not met"},
		"near enough":               {append(saxpy, "y=zeros:f32:4", "--expect", "y="+want, "--tolerance", "6"), exitOK, ""},
		"a bad argument":            {append(saxpy, "y=zeros"), exitUsage, "y (float*)"},
		"a missing file":            {[]string{"none.cu"}, exitUsage, "none.cu does not exist"},
		"no such kernel":            {[]string{simArguments, "--kernel", "what"}, exitUsage, "there are:"},
		"too large a block":         {[]string{simArguments, "--kernel", "saxpy", "--block", "2000", "--arg", "4", "--arg", "2", "--arg", "null", "--arg", "null"}, exitUsage, "1024"},
		"does not compile":          {[]string{broken}, compiled, "broken.cu"},
		"an unknown option":         {[]string{plain, "--option", "--nonsense"}, compiled, ""},
		"an unknown instruction":    {[]string{unknown}, exitUnable, "wgmma"},
		"an unwritable output":      {append(saxpy, "y=inout:"+want+":"+filepath.Join(folder, "none", "y")), exitUnable, "none"},
		"a count that is too large": {append(saxpy, "y=zeros:f32:4", "--buffer", "b=empty:u8:4294967296"), exitUsage, "is no count"},
	} {
		sarif := filepath.Join(t.TempDir(), "found.sarif")
		r := runSim(append(test.args, "--sarif", sarif)...)
		assert.Equal(t, test.code, r.code, "%s: %s", name, r.stderr)
		assert.Contains(t, r.stderr, test.says, name)
		text, err := os.ReadFile(sarif)
		require.NoError(t, err, name)
		assert.Contains(t, string(text), `"version": "2.1.0"`)
	}
	device := filepath.Join(folder, "device") // as /dev/stdout is
	require.NoError(t, os.Symlink(os.DevNull, device))
	for _, unwritable := range []string{filepath.Join(folder, "none", "found.sarif"), device, folder} {
		r := runSim(append(saxpy, "y=zeros:f32:4", "--json", "--sarif", unwritable)...)
		assert.Equal(t, exitUnable, r.code)
		assert.Contains(t, r.stderr, unwritable)
		assert.Contains(t, r.stdout, `"exit_code":3`)
	}
	info, err := os.Lstat(device)
	require.NoError(t, err)
	assert.Equal(t, os.ModeSymlink, info.Mode().Type(), "the device is still there")
}

// The command that is proposed where arguments are missing does what it says.
func TestSimProposesACommandThatWorks(t *testing.T) {
	for _, kernel := range []string{"saxpy", "smooth", "nn::apply<2, float>"} {
		r := runSim(simArguments, "--kernel", kernel, "--block", "16")
		require.Equal(t, exitUsage, r.code)
		_, command, found := strings.Cut(r.stderr, "for example:\n  cnn-gpu ")
		require.True(t, found, r.stderr)
		command, _, _ = strings.Cut(command, "\n")
		r = runCommand(shellWords(command)...)
		assert.Equal(t, exitOK, r.code, "%s\n%s", command, r.stderr)
		assert.Contains(t, r.stdout, "No findings.")
	}
	r := runSim(simArguments, "--kernel", "saxpy", "--shared", "64", "--device", "sim:a100", "--define", "HALF(x)=x/2;", "--option", "--std=c++17")
	assert.Contains(t, r.stderr, " --shared 64 --device sim:a100 --define 'HALF(x)=x/2;' --option --std=c++17 ", "a shell takes it as it was meant")
}

// shellWords takes a line apart as a shell does, as far as single quotes go.
func shellWords(line string) (words []string) {
	for i, part := range strings.Split(line, "'") {
		switch {
		case i%2 == 1:
			words = append(words, part)
		default:
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

func TestSimScripts(t *testing.T) {
	folder := t.TempDir()
	ptx, err := filepath.Abs(simArguments)
	require.NoError(t, err)
	file := filepath.Join(folder, "run.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
file: `+ptx+`
device: sim:rtx4090
buffers: {x: iota:f32:4, y: ones:f32:4}
launches: [{kernel: saxpy, block: 4, args: [4, 2, x, y], repeat: 2}]
expect: {y: {values: [1, 5, 9, 13]}}
`), 0o666))
	r := runSim(file)
	require.Equal(t, exitOK, r.code, r.stderr)
	for _, part := range []string{"y: all 4 f32 are as in 1, 5, 9, 13", "saxpy, the first of 2 launches", "simulated rtx4090"} {
		assert.Contains(t, r.stdout, part)
	}
	assert.Contains(t, runSim(file, "--device", "sim:a100").stdout, "simulated a100")
	for _, flags := range [][]string{{"--kernel", "k"}, {"--grid", "1"}, {"--arg", "1"}, {"--expect", "y=y"}, {"--list"}} {
		r := runSim(append([]string{file}, flags...)...)
		assert.Equal(t, exitUsage, r.code)
		assert.Contains(t, r.stderr, flags[0]+": "+file+" says that itself")
	}
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
		`"f99:1" is no value; the forms are`:  {simKernels, "--kernel", "print", "--arg", "f99:1", "--arg", "1"},
		"name one of its kernel":              {simKernels},
		"--buffer: NAME=VALUE is wanted":      {simKernels, "--buffer", "zeros:f32:1"},
		"--set: NAME=VALUE is wanted":         {simKernels, "--set", "3"},
		"--expect y: NAME=FILE is wanted":     {simKernels, "--expect", "y"},
		"--tolerance -1: give a number":       {simKernels, "--tolerance", "-1"},
		"wanted is {field: value":             {simKernels, "--arg", "{a"},
	} {
		r := runSim(args...)
		assert.Equal(t, exitUsage, r.code, args)
		assert.Contains(t, r.stderr, want, "%v", args)
	}
}
