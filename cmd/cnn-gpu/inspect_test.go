package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels/cpu"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

func TestEval(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	people := succeed(t, "eval", w.out)
	assert.Contains(t, people.stdout, "20 test images of "+w.data)
	assert.Contains(t, people.stdout, "accuracy 100.00%")

	r := succeed(t, "eval", filepath.Join(w.out, "weights.safetensors"), "--json", "--batch", "7")
	var e evaluation
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &e))
	assert.Equal(t, 1, strings.Count(r.stdout, "\n"))
	assert.Equal(t, 20, e.Examples)
	assert.Equal(t, 1.0, e.Accuracy)
	assert.Less(t, e.Loss, 0.7)
	assert.Equal(t, []classScore{{"0", 10, 10, 1}, {"1", 10, 10, 1}}, e.Classes)
	assert.Equal(t, "cpu", e.Device)
}

func TestPredict(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	lies, stands := w.picture(t, "lies.png", false), w.picture(t, "stands.png", true)
	r := succeed(t, "predict", w.out, lies, stands, "--json", "--top", "5")
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	require.Len(t, lines, 2)
	for i, line := range lines {
		var p prediction
		require.NoError(t, json.Unmarshal([]byte(line), &p))
		assert.Equal(t, []string{lies, stands}[i], p.Image)
		assert.Equal(t, "used as it is", p.Prepared)
		require.Len(t, p.Top, 2, "there are no more classes")
		assert.Equal(t, []string{"0", "1"}[i], p.Top[0].Class)
		assert.InDelta(t, 1, p.Top[0].Probability+p.Top[1].Probability, 1e-5)
	}
	assert.Regexp(t, `lies.png: used as it is\n +\d+\.\d\d%  0\n$`, succeed(t, "predict", w.out, lies, "--top", "1").stdout)
}

func TestOneBadPictureDoesNotHoldUpTheOthers(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	good := w.picture(t, "good.png", true)
	r := runCommand("predict", w.out, "missing.png", good, w.model)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stdout, "good.png: ")
	assert.Contains(t, r.stderr, "missing.png: ")
	assert.Contains(t, r.stderr, "tiny.yaml: expected a picture (PNG, JPEG, WebP, BMP, GIF or TIFF)")
}

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

// TestMapValues holds the maps against each other: the filters on the image make the feature maps, relu makes these the
// activation maps, and their 2x2 maxima are the pooled maps.
func TestMapValues(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	cmd := newRootCommand()
	cmd.SetErr(&strings.Builder{})
	trained, err := openTrained(cmd, w.out, "cpu", device.Options{})
	require.NoError(t, err)
	defer trained.Close()
	x, _, err := trained.testImage(cmd, "", "", 1)
	require.NoError(t, err)
	values, err := trained.values(x)
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

func TestSummary(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	m, err := model.ReadFile(w.model)
	require.NoError(t, err)
	rest, found := strings.CutPrefix(succeed(t, "summary", "--model", w.model, "--batch", "8").stdout, m.Summary(8))
	assert.True(t, found)
	assert.Regexp(t, `^Memory for training with adam and batches of 8 on cpu: [\d.]+ KiB\n$`, rest)
	assert.True(t, strings.HasPrefix(succeed(t, "summary", w.out).stdout, m.Summary(32)))
	assert.Contains(t, succeed(t, "summary").stdout, "93,322")
}

func TestSummaryJSON(t *testing.T) {
	w := newTiny(t)
	for _, flag := range []string{"--batch=8", "--memory", "--passes"} {
		out := succeed(t, "summary", "--model", w.model, "--json", "--batch", "8", flag).stdout
		assert.Equal(t, 1, strings.Count(out, "\n"))
		assertSnakeCase(t, out)
		var s summary
		require.NoError(t, json.Unmarshal([]byte(out), &s))
		m, err := model.ReadFile(w.model)
		require.NoError(t, err)
		assert.Equal(t, m.Summarize(8), s.Summary)
		assert.Equal(t, "adam", s.Optimizer)
		assert.Equal(t, "cpu", s.Device)
		assert.Positive(t, s.Memory.Total)
		assert.Equal(t, s.Memory.Kept+s.Memory.Arena+s.Memory.Scratch, s.Memory.Total)
		assert.Equal(t, flag == "--memory", s.Plan != nil)
		assert.Equal(t, flag == "--passes", s.Passes != nil && s.Ops != nil)
		if s.Plan != nil {
			assert.Equal(t, keptValue{"input", []int{8, 12, 12, 1}, 4608}, s.Plan.Kept[slices.IndexFunc(s.Plan.Kept, func(v keptValue) bool { return v.Name == "input" })])
			pooled := s.Plan.Arena[slices.IndexFunc(s.Plan.Arena, func(v arenaValue) bool { return v.Name == "max_pooling2d" })]
			assert.Equal(t, "conv2d_fprop_relu_pool", pooled.MadeBy)
			assert.Less(t, pooled.FirstOp, pooled.LastOp)
		}
		if s.Ops != nil {
			first := s.Ops[slices.IndexFunc(s.Ops, func(op scheduledOp) bool { return op.Layer == "conv2d" })]
			assert.Equal(t, "conv2d_fprop_relu_pool", first.Op)
			assert.Equal(t, 3, first.Parts)
			assert.Positive(t, first.FLOPs)
		}
	}
}

func TestModelsJSON(t *testing.T) {
	out := succeed(t, "models", "--json").stdout
	assert.Equal(t, out, succeed(t, "models", "list", "--json").stdout)
	assert.Equal(t, 1, strings.Count(out, "\n"))
	assertSnakeCase(t, out)
	var list []zooModel
	require.NoError(t, json.Unmarshal([]byte(out), &list))
	assert.Contains(t, list, zooModel{"mnist-cnn", 93322, 5588480, []int{28, 28, 1}})
	out = succeed(t, "models", "show", "mlp", "--json").stdout
	assert.Equal(t, 1, strings.Count(out, "\n"))
	var file zooFile
	require.NoError(t, json.Unmarshal([]byte(out), &file))
	text, err := model.ZooText("mlp")
	require.NoError(t, err)
	assert.Equal(t, zooFile{"mlp", text}, file)
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

// Until its first epoch has ended a run is what its checkpoint holds, which is said.
func TestRunInterruptedInItsFirstEpoch(t *testing.T) {
	w := newTiny(t)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	require.Equal(t, exitInterrupted, runCommandUntil(ctx, w.trainArgs()...).code)
	require.NoFileExists(t, filepath.Join(w.out, "weights.safetensors"))
	for _, command := range [][]string{{"eval", w.out}, {"predict", w.out, w.picture(t, "bar.png", true)}, {"maps", w.out}} {
		r := succeed(t, command...)
		assert.Contains(t, r.stderr, "The run was interrupted in its first epoch: these are the weights of its checkpoint. Go on with: cnn-gpu train --resume "+w.out+"\n")
	}
	assert.Contains(t, succeed(t, "summary", w.out).stdout, "Total params: 242")
}

func TestModels(t *testing.T) {
	list := succeed(t, "models").stdout
	assert.Equal(t, list, succeed(t, "models", "list").stdout)
	assert.Regexp(t, `mnist-cnn +│ +93,322 +│ +5,588,480 +│ \[28 28 1\]\n`, list)
	for _, name := range model.Zoo() {
		assert.Contains(t, list, "\n"+name+" ")
		text, err := model.ZooText(name)
		require.NoError(t, err)
		assert.Equal(t, text, succeed(t, "models", "show", name).stdout)
	}
}

// The help names every word that a model file may use.
func TestModelsNamesEveryWord(t *testing.T) {
	help := succeed(t, "models", "--help").stdout
	words := model.Kinds()
	for _, f := range model.Functions() {
		words = append(words, string(f))
	}
	for _, p := range model.Paddings() {
		words = append(words, string(p))
	}
	for _, i := range model.Initializers() {
		words = append(words, string(i))
	}
	for _, word := range words {
		assert.Regexp(t, `[ ,]`+word+`[ ,\n]`, help)
	}
}

func TestData(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	list := succeed(t, "data").stdout
	for _, name := range data.Names() {
		assert.Contains(t, list, "\n"+name+" ")
	}
	assert.Contains(t, list, "cnn-gpu data fetch mnist")

	dir, err := data.CacheDir("mnist")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte.gz"), make([]byte, 1_200_000), 0o666))
	assert.Regexp(t, `mnist +│ `+dir+` +│ +1\.14 MiB`, succeed(t, "data", "list").stdout)

	for _, args := range [][]string{{"data", "--json"}, {"data", "list", "--json"}} {
		r := succeed(t, args...)
		assert.Equal(t, 1, strings.Count(r.stdout, "\n"))
		assert.Empty(t, r.stderr)
		var list struct{ Sets []dataSet }
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &list))
		require.Len(t, list.Sets, len(data.Names()))
		assert.Equal(t, dataSet{Name: "digits", State: "built_in"}, list.Sets[0])
		assert.Equal(t, dataSet{Name: "mnist", State: "here", Folder: dir, Bytes: 1_200_000}, list.Sets[1])
		assert.Equal(t, dataSet{Name: "kmnist", State: "fetchable", How: "cnn-gpu data fetch kmnist"}, list.Sets[3])
		assert.Equal(t, dataSet{Name: "emnist-balanced", State: "by_hand", How: "cnn-gpu data fetch emnist-balanced"}, list.Sets[4])
	}
}

// Without a home there is no cache, but what is built in, and folders of one's own.
func TestDataWithoutAHome(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	r := succeed(t, "data")
	assert.Regexp(t, `digits +│ built in`, r.stdout)
	assert.Contains(t, r.stdout, " cnn-gpu data fetch mnist --data-dir FOLDER ")
	assert.Contains(t, r.stderr, "no cache folder")
	w := newTiny(t)
	w.train(t)
	r = runCommand("train", "--data", "mnist")
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "--data-dir DIR")
}

// The list fits a terminal of 80 columns where no long folder is in it.
func TestDataListFits(t *testing.T) {
	t.Setenv("HOME", "")
	for _, cache := range []string{t.TempDir(), ""} {
		t.Setenv("XDG_CACHE_HOME", cache)
		for line := range strings.Lines(succeed(t, "data").stdout) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSpace(line)), 80, line)
		}
	}
}

func TestDataShow(t *testing.T) {
	w := newTiny(t)
	out := filepath.Join(t.TempDir(), "bars.png")
	r := succeed(t, "data", "show", w.data, "--out", out)
	assert.Regexp(t, `0 +│ +24 +│ +10`, r.stdout)
	assert.Regexp(t, `All +│ +48 +│ +20`, r.stdout)
	decodePNG(t, out)

	train, _, err := data.Open(w.data, data.Options{})
	require.NoError(t, err)
	tiles, err := samples(train)
	require.NoError(t, err)
	require.Len(t, tiles, 2*samplesPerClass)
	assert.Equal(t, "0", tiles[0].Heading)
	assert.Equal(t, "1", tiles[samplesPerClass].Heading)

	t.Chdir(filepath.Dir(out))
	for _, want := range []string{"bars-samples.png", "bars-samples-2.png", "bars-samples-3.png"} {
		assert.NoFileExists(t, want)
		assert.Contains(t, succeed(t, "data", "show", w.data).stderr, "Samples of each class: "+want+"\n")
		decodePNG(t, want)
	}
	require.NoError(t, os.WriteFile(out, nil, 0o666))
	r = runCommand("data", "show", w.data, "--out", out)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "--force")
	succeed(t, "data", "show", w.data, "--out", out, "--force")
	decodePNG(t, out)
	assert.Contains(t, succeed(t, "data", "show", w.data, "--force").stderr, ": bars-samples.png\n")
}

func TestDataShowJSON(t *testing.T) {
	w := newTiny(t)
	writeBars(t, w.data, "val", 8)
	out := filepath.Join(t.TempDir(), "bars.PNG")
	r := succeed(t, "data", "show", w.data, "--json", "--out", out)
	assert.Equal(t, 1, strings.Count(r.stdout, "\n"))
	assert.Empty(t, r.stderr)
	var s dataSummary
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &s))
	assert.Equal(t, dataSummary{
		Data: w.data, Shape: []int{12, 12, 1}, Training: 48, Validation: 8, Test: 20, Samples: out,
		Classes: []classSummary{{"0", 24, 4, 10}, {"1", 24, 4, 10}},
	}, s)
	decodePNG(t, out)
	table := succeed(t, "data", "show", w.data, "--out", out, "--force").stdout
	assert.Regexp(t, `Class +│ +Training +│ +Test +│ +Validation`, table)
	assert.Regexp(t, `All +│ +48 +│ +20 +│ +8`, table)
}

// Images of five channels have no colours: what would draw them is left out, and said.
func TestFiveChannels(t *testing.T) {
	w := newTiny(t)
	for half, count := range map[string]uint32{"train": 48, "t10k": 20} {
		pixels := binary.BigEndian.AppendUint32(nil, 0x804)
		for _, extent := range []uint32{count, 12, 12, 5} {
			pixels = binary.BigEndian.AppendUint32(pixels, extent)
		}
		pixels = append(pixels, make([]byte, count*12*12*5)...)
		require.NoError(t, os.Remove(filepath.Join(w.data, half+"-images-idx3-ubyte")))
		require.NoError(t, os.WriteFile(filepath.Join(w.data, half+"-images-idx4-ubyte"), pixels, 0o666))
	}
	require.NoError(t, os.WriteFile(w.model, []byte(strings.Replace(tinyModel, "[12, 12, 1]", "[12, 12, 5]", 1)), 0o666))
	t.Chdir(t.TempDir())
	r := succeed(t, "data", "show", w.data)
	assert.Regexp(t, `All +│ +48 +│ +20`, r.stdout)
	assert.Contains(t, r.stderr, "Samples are left out: images with 5 channels have no colours")
	assert.NoFileExists(t, "bars-samples.png")
	r = succeed(t, "data", "show", w.data, "--json")
	assert.Contains(t, r.stdout, `"samples_left_out":"images with 5 channels`)
	assert.NotContains(t, r.stdout, `"samples":`)

	r = w.train(t)
	assert.Contains(t, r.stderr, "misclassified.png is left out: images with 5 channels have no colours")
	assert.NoFileExists(t, filepath.Join(w.out, "misclassified.png"))
	decodePNG(t, filepath.Join(w.out, "confusion.png"))
	r = succeed(t, "maps", w.out)
	assert.Contains(t, r.stderr, "00-input-image.png is left out: images with 5 channels")
	decodePNG(t, filepath.Join(w.out, "maps", "02-conv2d-feature-maps.png"))
}

// Weights and data that do not mean the same classes are told apart by their names alone.
func TestClassesThatAreNamedDifferently(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	for _, command := range []string{"eval", "maps"} {
		assert.NotContains(t, succeed(t, command, w.out).stderr, "Warning")
	}
	kana := filepath.Join(t.TempDir(), "kana")
	require.NoError(t, os.Mkdir(kana, 0o777))
	writeBars(t, kana, "train", 48)
	writeBars(t, kana, "t10k", 20)
	require.NoError(t, os.WriteFile(w.model, []byte(strings.Replace(tinyModel, "units: 2", "units: 10", 1)), 0o666))
	w.out += "-kana"
	w.train(t, "--data", "kmnist", "--data-dir", kana)
	assert.NotContains(t, succeed(t, "eval", w.out).stderr, "Warning")
	for _, command := range []string{"eval", "maps"} {
		r := succeed(t, command, w.out, "--data", "mnist", "--data-dir", kana)
		assert.Contains(t, r.stderr, "Warning: the weights and the data name their classes differently")
		assert.Contains(t, r.stderr, `  class 0 is "o" in the weights and "0" in mnist`+"\n")
		assert.Contains(t, r.stderr, "  and so on: 5 more\n")
	}
}

func TestDevices(t *testing.T) {
	var found []finding
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "devices", "--json").stdout), &found))
	require.NotEmpty(t, found)
	assert.Equal(t, "CPU", found[0].What)
	people := succeed(t, "devices").stdout
	for _, f := range found {
		assert.NotEmpty(t, f.Detail)
		assert.Equal(t, f.Found, f.Mend == "", "what is missing, and that alone, says what to do")
		assert.Contains(t, people, f.What)
	}
	notFolder := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(notFolder, nil, 0o666))
	t.Setenv("CNN_GPU_KERNELS", notFolder)
	assert.Regexp(t, `Compiled kernels +missing: open `+notFolder+`: not a directory\n +name another folder by CNN_GPU_KERNELS\n`, succeed(t, "devices").stdout)

	used := cpu.Variant()
	t.Cleanup(func() { require.NoError(t, cpu.Select(used)) })
	t.Setenv("CNN_GPU_CPU", "portable")
	assert.Contains(t, succeed(t, "devices").stdout, "portable (this CPU runs")
	t.Setenv("CNN_GPU_CPU", "mmx")
	assert.Equal(t, exitFailure, runCommand("devices").code)
}
