package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
)

func TestMaps(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	names := []string{
		"00-input-image.png", "01-conv2d-filters.png", "02-conv2d-feature-maps.png",
		"03-conv2d-activation-maps.png", "04-max_pooling2d-pooled-maps.png",
	}
	check := func(r result, dir string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, len(names))
		for i, name := range names {
			assert.Equal(t, name, entries[i].Name())
			assert.Contains(t, r.stdout, filepath.Join(dir, name)+"  ")
			decodePNG(t, filepath.Join(dir, name))
		}
	}
	out := filepath.Join(w.out, "elsewhere", "maps")
	r := succeed(t, "maps", w.out, w.picture(t, "bar.png", true), "--out", out)
	check(r, out)
	assert.Contains(t, r.stdout, "conv2d: 4 feature maps of 10x10, before the activation")
	assert.Contains(t, r.stdout, "max_pooling2d: 4 pooled maps of 5x5")
	assert.Regexp(t, `takes it for 1 \([\d.]+% sure\): bar.png`, r.stderr)

	again := runCommand("maps", w.out, "--out", out)
	assert.Equal(t, exitFailure, again.code)
	assert.Contains(t, again.stderr, "00-input-image.png is there already; give another name with --out, or write over it with --force")
	check(succeed(t, "maps", w.out, "--out", out, "--force"), out)

	r = succeed(t, "maps", filepath.Join(w.out, "weights.safetensors"), "--index", "2")
	check(r, filepath.Join(w.out, "maps"))
	assert.Regexp(t, `takes it for 0 .*: test image 2 of .*, a 0`, r.stderr)
	check(succeed(t, "maps", w.out), filepath.Join(w.out, "maps-2"))
	check(succeed(t, "maps", w.out, "--force"), filepath.Join(w.out, "maps"))
}

func TestMapsOfAModelWithout(t *testing.T) {
	w := newTiny(t)
	dense := "input: [12, 12, 1]\nlayers:\n  - Flatten\n  - Dense: {units: 2, activation: softmax}\n"
	require.NoError(t, os.WriteFile(w.model, []byte(dense), 0o666))
	w.train(t)
	r := runCommand("maps", w.out)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "no layers that make maps")
	assert.NoDirExists(t, filepath.Join(w.out, "maps"))
}

// A layer of a group has no folder of its own.
func TestMapFile(t *testing.T) {
	assert.Equal(t, "03-stage1-conv-feature-maps.png", mapSheet{layer: "stage1/conv", what: "feature maps"}.file(3))
}

// TestMapValues holds the maps against each other: the filters on the image make the feature maps, relu makes these the
// activation maps, and their 2x2 maxima are the pooled maps.
func TestMapValues(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	cmd := newRootCommand()
	cmd.SetErr(&strings.Builder{})
	trained, err := openTrained(cmd, w.out, "cpu", device.Options{}, kernels.FP32)
	require.NoError(t, err)
	defer trained.Close()
	x, _, err := trained.testImage(cmd, "", "", 1)
	require.NoError(t, err)
	values, err := trained.trainer.Values(x, nil)
	require.NoError(t, err)

	nodes := trained.Model.Nodes // input, conv2d, conv2d/relu, max_pooling2d, ...
	assert.Equal(t, x, values[nodes[0]])
	feature, activation, pooled := values[nodes[1]], values[nodes[2]], values[nodes[3]]
	kernel, err := trained.Weights.Values("conv2d/kernel")
	require.NoError(t, err)
	bias, err := trained.Weights.Values("conv2d/bias")
	require.NoError(t, err)
	for i, v := range feature {
		row, column, channel := i/4/10, i/4%10, i%4
		sum := bias[channel]
		for tap := range 9 {
			sum += x[(row+tap/3)*12+column+tap%3] * kernel[tap*4+channel]
		}
		require.InDelta(t, sum, v, 1e-5)
		require.Equal(t, max(v, 0), activation[i])
	}
	for i, v := range pooled {
		row, column, channel := i/4/5, i/4%5, i%4
		at := func(h, w int) float32 { return activation[(h*10+w)*4+channel] }
		require.Equal(t, max(at(2*row, 2*column), at(2*row+1, 2*column), at(2*row, 2*column+1), at(2*row+1, 2*column+1)), v)
	}
}

func TestMapsJSON(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	out := succeed(t, "maps", w.out, "--json").stdout
	assert.Equal(t, 1, strings.Count(out, "\n"))
	assertSnakeCase(t, out)
	var d drawn
	require.NoError(t, json.Unmarshal([]byte(out), &d))
	assert.Equal(t, "0", d.Class)
	assert.Greater(t, d.Probability, float32(0.5))
	require.Len(t, d.Sheets, 5)
	assert.Equal(t, drawnSheet{filepath.Join(w.out, "maps", "01-conv2d-filters.png"), "conv2d", "filters", "conv2d: 4 filters of 3x3x1"}, d.Sheets[1])
}

func TestGradCAM(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	r := succeed(t, "maps", w.out, w.picture(t, "bar.png", true), "--grad-cam")
	path := filepath.Join(w.out, "grad-cam", "grad-cam-conv2d-1.png")
	assert.Regexp(t, `^`+path+`  conv2d: what speaks for 1 \([\d.]+% sure\)\n$`, r.stdout)
	assert.Contains(t, r.stderr, "takes it for 1")
	decodePNG(t, path)
	out := filepath.Join(w.out, "elsewhere")
	var pictures [][]byte
	for _, class := range []string{"0", "1"} {
		r = succeed(t, "maps", w.out, "--grad-cam", "--layer", "max_pooling2d", "--class", class, "--out", out)
		assert.Contains(t, r.stdout, filepath.Join(out, "grad-cam-max_pooling2d-"+class+".png"))
		assert.Contains(t, r.stdout, "max_pooling2d: what speaks for "+class)
		picture, err := os.ReadFile(filepath.Join(out, "grad-cam-max_pooling2d-"+class+".png"))
		require.NoError(t, err)
		pictures = append(pictures, picture)
	}
	assert.NotEqual(t, pictures[0], pictures[1])
	var d drawn
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "maps", w.out, "--grad-cam", "--json").stdout), &d))
	require.Len(t, d.Sheets, 1)
	assert.Equal(t, "Grad-CAM", d.Sheets[0].What)

	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--grad-cam", "--layer", "conv2"}, exitUsage, `there is no layer "conv2"; did you mean conv2d?`},
		{[]string{"--grad-cam", "--layer", "dense"}, exitUsage, "--layer dense: its output is [2]; give a layer that makes maps [height width channels]\n"},
		{[]string{"--grad-cam", "--class", "2"}, exitUsage, "--class 2: choose 0 or 1, or a number from 0 to 1"},
		{[]string{"--class", "1"}, exitUsage, "--class says what --grad-cam draws: give both, or leave it out"},
		{[]string{"--layer", "conv2d"}, exitUsage, "--layer says what --grad-cam draws"},
		{[]string{"--grad-cam", "--class", "0", "--layer", "max_pooling2d", "--out", out}, exitFailure, "grad-cam-max_pooling2d-0.png is there already"},
	} {
		r := runCommand(append([]string{"maps", w.out}, c.args...)...)
		assert.Equal(t, c.code, r.code, c.args)
		assert.Contains(t, r.stderr, c.want)
	}
}

// A class goes by its name before it goes by its number.
func TestGradCAMClass(t *testing.T) {
	classes := []string{"shoe", "0", "hat"}
	for name, want := range map[string]int{"shoe": 0, "0": 1, "hat": 2, "2": 2, "": 7} {
		got, err := (&gradCAM{class: name}).classOf(classes, 7)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
	_, err := (&gradCAM{class: "hats"}).classOf(classes, 7)
	assert.ErrorContains(t, err, "--class hats: did you mean hat?, or a number from 0 to 2")
}
