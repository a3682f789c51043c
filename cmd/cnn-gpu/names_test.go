package main

import (
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
)

// A model file from anywhere writes into no folder but the one that was meant.
func TestAModelsNameStaysInRuns(t *testing.T) {
	w := newTiny(t)
	t.Chdir(filepath.Dir(w.model))
	require.NoError(t, os.WriteFile(w.model, []byte("name: ../../evil\n"+strings.Replace(tinyModel, "name: tiny\n", "", 1)), 0o666))
	r := runCommand("train", "--model", w.model, "--data", w.data, "--epochs", "1", "--batch", "8")
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, `:1:7: name is "../../evil"; a name holds letters, digits and _ . - alone`)
	assert.NoDirExists(t, "runs")
}

// What files are called, and what they say, is shown and not obeyed.
func TestNoControlCharactersReachTheTerminal(t *testing.T) {
	const red = "\x1b[31m"
	for _, args := range [][]string{
		{"summary", "--model", red + ".yaml"}, {"eval", red}, {"train", "--data", red}, {"train", "--device", red}, {red},
	} {
		r := runCommand(args...)
		assert.NotEqual(t, exitOK, r.code)
		assert.NotContains(t, r.stderr, "\x1b", "%q", args)
		assert.Contains(t, r.stderr, `\x1b[31m`, "%q", args)
	}

	w := newTiny(t)
	w.train(t)
	saved, metadata, err := model.LoadWeights(filepath.Join(w.out, "weights.safetensors"))
	require.NoError(t, err)
	metadata["cnn-gpu.classes"] = `["\u001b[31mlying", "standing"]`
	path := filepath.Join(t.TempDir(), "w.safetensors")
	require.NoError(t, saved.Save(path, metadata))
	picture := filepath.Join(t.TempDir(), red+".png")
	require.NoError(t, writePNG(picture, func(w io.Writer) error { return png.Encode(w, bar(true, 5)) }))
	r := succeed(t, "predict", path, picture)
	assert.Contains(t, r.stdout, `\x1b[31mlying`)

	var screen strings.Builder
	out := &watchedWriter{Writer: printableWriter{&screen}}
	n, err := out.Write([]byte(r.stdout + red))
	require.NoError(t, err)
	assert.Equal(t, len(r.stdout+red), n)
	assert.NotContains(t, screen.String(), "\x1b")
	out = &watchedWriter{Writer: printableWriter{brokenWriter{}}}
	_, err = out.Write([]byte("a"))
	assert.ErrorIs(t, err, os.ErrClosed)
	assert.True(t, errors.Is(out.err, os.ErrClosed))
}

// Whatever bears a hostile name, what is said of it to people holds no character that a terminal obeys.
func TestEveryCommandSaysHostileNamesPlainly(t *testing.T) {
	const hostile = "\x1b[31mred\a\u009b31m\r\nnext"
	w := newTiny(t)
	dir := filepath.Join(filepath.Dir(w.model), hostile)
	require.NoError(t, os.Mkdir(dir, 0o777))
	t.Chdir(dir)
	renamed := func(from, extension string) string {
		require.NoError(t, os.Rename(from, hostile+extension))
		return hostile + extension
	}
	w = tiny{renamed(w.model, ".yaml"), renamed(w.data, ""), hostile + "-run"}
	picture := renamed(w.picture(t, "bar.png", true), ".png")
	ptx := hostile + ".ptx"
	require.NoError(t, os.WriteFile(ptx, []byte("\x1b[31m"), 0o666))
	weights := filepath.Join(w.out, "weights.safetensors")
	said := 0
	for _, args := range [][]string{
		w.trainArgs(), w.trainArgs(),
		{"train", "--resume", w.out, "--epochs", "5"}, {"train", "--resume", hostile}, {"train", "--model", hostile}, {"train", "--data", hostile + "-none"},
		{"train", "--optimizer", hostile}, {"train", "--" + hostile}, {"train", hostile}, {"train", "--epochs", hostile}, {hostile},
		{"eval", w.out}, {"eval", weights, "--data", w.data, "--batch", "7"}, {"eval", picture}, {"eval", w.out, "--data", hostile + "-none"},
		{"predict", w.out, picture}, {"predict", w.out, picture, w.model, hostile + "-none.png"}, {"predict", w.out, picture, "--out", hostile + "-seen"},
		{"predict", w.out, picture, "--out", hostile + "-seen"}, {"predict", w.out, w.data},
		{"maps", w.out}, {"maps", w.out, picture, "--out", hostile + "-maps"}, {"maps", w.out, w.model}, {"maps", w.out, picture, "--out", hostile + "-maps"},
		{"verify", w.out}, {"verify", hostile}, {"summary", "--model", w.model}, {"summary", "--model", hostile + "-none"},
		{"models", "show", w.model}, {"models", "show", hostile}, {"data", "show", w.data}, {"data", "show", hostile + "-none"}, {"data", "fetch", hostile},
		{"bench", "--model", w.model, "--device", "cpu", "--batch", "4", "--steps", "1"}, {"bench", "--prediction", ptx}, {"bench", "--prediction", hostile + "-none"},
		{"check", "--model", hostile}, {"compile", "--model", hostile, "--out", hostile}, {"compile", "--out", picture, "--arch", hostile},
		{"sim", ptx}, {"sim", "inspect", ptx}, {"devices", hostile}, {"micro", "--device", hostile},
	} {
		r := runCommand(args...)
		assert.Equal(t, wording.Printable(r.stderr), r.stderr, "cnn-gpu %q", args)
		if strings.Contains(r.stderr, "31m") {
			said++
		}
	}
	assert.Greater(t, said, 30, "of the command lines name what they are about")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWarningsAreSaid(t *testing.T) {
	w := newTiny(t)
	require.NoError(t, os.WriteFile(w.model, []byte(tinyModel+"  - Softmax\n"), 0o666))
	const want = "Warning: layer \"activation\" is a softmax of the softmax of layer \"dense\", which learns slowly and is never sure: leave one of them out.\n"
	r := succeed(t, "summary", "--model", w.model)
	assert.Equal(t, want, r.stderr)
	assert.Contains(t, succeed(t, w.trainArgs()...).stderr, want)
}
