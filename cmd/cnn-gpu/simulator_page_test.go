//go:build cuda && cgo

package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
)

// TestSimulatorPage runs the commands of docs/simulator.md and holds what they say to what stands there.
func TestSimulatorPage(t *testing.T) {
	if _, err := nvrtc.Open(); err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			require.NoError(t, err)
		}
		t.Skip(err)
	}
	t.Chdir("../..")
	output, commands := "", 0
	for _, b := range blocks(t, "docs/simulator.md") {
		switch b[0] {
		case "sh":
			output = ""
			for line := range strings.Lines(b[1]) {
				command, found := strings.CutPrefix(line, "bin/cnn-gpu ")
				require.True(t, found, line)
				r := runCommand(shellWords(command)...)
				output += r.stdout + r.stderr
				commands++
			}
		case "text":
			assertLines(t, b[1], output)
		case "yaml":
			script, err := os.ReadFile("docs/simulator/jacobi.yaml")
			require.NoError(t, err)
			assert.Equal(t, string(script), b[1])
		}
	}
	assert.Greater(t, commands, 8)
}

// assertLines holds an output to what is shown of it, where "..." stands for any lines and "[...]" for the rest of one.
func assertLines(t *testing.T, shown, output string) {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	at, any := 0, false
	for want := range strings.SplitSeq(strings.TrimSpace(shown), "\n") {
		if want == "..." {
			any = true
			continue
		}
		begin, isPart := strings.CutSuffix(want, "[...]")
		i := slices.IndexFunc(lines[at:], func(line string) bool { return line == want || isPart && strings.HasPrefix(line, begin) })
		if !assert.True(t, i == 0 || i > 0 && any, "%q is not in\n%s", want, output) {
			return
		}
		at, any = at+i+1, false
	}
	assert.True(t, any || at == len(lines), "more follows in\n%s", output)
}
