package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// tableLines are the lines of tables.
func tableLines(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if strings.ContainsAny(line, "│┼") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// On a terminal of 80 columns no cell of a table wraps, and for the models of the zoo whose layers have no names of blocks, which are long, none
// has to be shortened.
func TestTablesFitATerminal(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	w := newTiny(t)
	w.train(t)
	commands := [][]string{
		{"models"}, {"eval", w.out}, {"eval", w.out, "--profile"}, {"data"},
		{"bench", "--device", "cpu", "--batch", "4,8", "--steps", "1"},
	}
	longNames := map[string]bool{}
	for _, name := range model.Zoo() {
		text, err := model.ZooText(name)
		require.NoError(t, err)
		longNames[name] = strings.Contains(text, "\nblocks:")
		devices := []string{"cpu", "cuda"}
		if longNames[name] {
			devices = devices[:1]
		}
		for _, flag := range []string{"--batch=32", "--memory", "--passes"} {
			for _, device := range devices {
				commands = append(commands, []string{"summary", "--model", name, flag, "--device", device})
			}
		}
	}
	for _, command := range commands {
		r := succeed(t, command...)
		lines := tableLines(r.stdout + r.stderr)
		assert.NotEmpty(t, lines, command)
		for _, line := range lines {
			assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, "%v: %s", command, line)
			// The name of a buffer, the first column of --memory, is not the model's.
			if slices.Contains(command, "--memory") {
				_, line, _ = strings.Cut(line, "│")
			}
			if !longNames[command[min(2, len(command)-1)]] {
				assert.NotContains(t, line, "…", command)
			}
		}
	}
}

// A narrow terminal leaves columns out and says so; a pipe gets all of them.
func TestNarrowTable(t *testing.T) {
	bench := []string{"summary", "--passes"}
	whole := succeed(t, bench...).stdout
	assert.Contains(t, whole, "MFLOP │")
	t.Setenv("COLUMNS", "80")
	narrow := succeed(t, bench...).stdout
	assert.NotContains(t, narrow, "MFLOP │")
	assert.Contains(t, narrow, "Left out for want of room: MFLOP")
	for line := range strings.Lines(narrow) {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 80+1, line)
	}
}

func TestColumns(t *testing.T) {
	t.Setenv("COLUMNS", "")
	assert.Zero(t, columns(&bytes.Buffer{}), "a pipe has no width")
	file, err := os.Create(t.TempDir() + "/file")
	require.NoError(t, err)
	defer file.Close()
	assert.Zero(t, columns(&watchedWriter{Writer: file}))
	for value, want := range map[string]int{"100": 100, "0": 0, "-3": 0, "wide": 0} {
		t.Setenv("COLUMNS", value)
		assert.Equal(t, want, columns(file), value)
	}
}

// A fact goes on under its own beginning, and words such as paths are never cut.
func TestPrintFact(t *testing.T) {
	t.Setenv("COLUMNS", "24")
	var out strings.Builder
	printFact(&out, "Disk", 7, "nearly full, see /a/very/long/path/that/is/kept whole")
	assert.Equal(t, "Disk   nearly full, see\n       /a/very/long/path/that/is/kept\n       whole\n", out.String())
}

// The help of every command fits, with its flags under each other; only examples stay whole.
func TestHelpFitsATerminal(t *testing.T) {
	everyCommand(newRootCommand(), func(c *cobra.Command) {
		arguments := append(strings.Fields(c.CommandPath())[1:], "--help")
		t.Setenv("COLUMNS", "")
		whole := succeed(t, arguments...).stdout
		t.Setenv("COLUMNS", "80")
		folded := succeed(t, arguments...).stdout
		assert.Equal(t, strings.Fields(whole), strings.Fields(folded), "no word is lost")
		for line := range strings.Lines(folded) {
			if !strings.HasPrefix(line, "  cnn-gpu ") {
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 80+1, "%s: %s", c.CommandPath(), line)
			}
		}
	})
	t.Setenv("COLUMNS", "80")
	help := succeed(t, "train", "--help").stdout
	assert.Contains(t, help, "\n      --data-dir folder         the folder that holds the data set's files\n                                (default: where cnn-gpu data fetch puts them)\n")
	assert.Contains(t, help, "\nCtrl-C, SIGTERM and a closed terminal save the training where it is; --resume\ngoes on from there and ends with the same weights as if nothing had happened. A\n")
}
