package main

import (
	"encoding/binary"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/run"
)

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

// predictions reads the lines of predict --json.
func predictions(t *testing.T, r result) []prediction {
	t.Helper()
	var all []prediction
	for line := range strings.Lines(r.stdout) {
		var p prediction
		require.NoError(t, json.Unmarshal([]byte(line), &p))
		all = append(all, p)
	}
	return all
}

func TestPredictAFolder(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	dir := filepath.Join(t.TempDir(), "scans")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "deeper.png"), 0o777))
	for i, name := range []string{"c.PNG", "a.png", "b.png"} {
		require.NoError(t, os.Rename(w.picture(t, name, i == 1), filepath.Join(dir, name)))
	}
	for _, name := range []string{"notes.txt", ".hidden.png"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("no picture"), 0o666))
	}
	alone := w.picture(t, "alone.png", true)
	all := predictions(t, succeed(t, "predict", w.out, dir, alone, "--json"))
	require.Len(t, all, 4)
	for i, want := range []string{"a.png", "b.png", "c.PNG"} {
		assert.Equal(t, filepath.Join(dir, want), all[i].Image)
		assert.Equal(t, []string{"1", "0", "0"}[i], all[i].Top[0].Class)
	}
	assert.Equal(t, alone, all[3].Image)

	empty := t.TempDir()
	r := runCommand("predict", w.out, empty)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, empty+" holds no pictures: expected files (PNG, JPEG, WebP, BMP, GIF or TIFF) right in it")

	// A format that is not read is named, and does not hold up the others.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.heic"), []byte("\x00\x00\x00\x18ftypheic"), 0o666))
	r = runCommand("predict", w.out, dir)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "b.heic: this is HEIC, which is not read")
	assert.Contains(t, r.stdout, "c.PNG: ")
}

func TestPredictStandardInput(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	f, err := os.Open(w.picture(t, "bar.png", true))
	require.NoError(t, err)
	defer f.Close()
	used := os.Stdin
	os.Stdin = f
	defer func() { os.Stdin = used }()
	all := predictions(t, succeed(t, "predict", w.out, "-", "--json"))
	require.Len(t, all, 1)
	assert.Equal(t, "-", all[0].Image)
	assert.Equal(t, "1", all[0].Top[0].Class)

	r := runCommand("predict", w.out, "-") // read to its end
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "standard input: expected a picture")
	r = runCommand("predict", w.out, "-", "-")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "standard input holds one picture")
}

func TestPredictSavesWhatTheNetworkSaw(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	one, other := w.picture(t, "bar.png", true), filepath.Join(t.TempDir(), "bar.png")
	require.NoError(t, os.Rename(w.picture(t, "second.png", false), other))
	out := filepath.Join(t.TempDir(), "deep", "seen")
	all := predictions(t, succeed(t, "predict", w.out, one, other, "--out", out, "--json"))
	require.Len(t, all, 2)
	for i, want := range []struct {
		name string
		bar  *image.Gray
	}{{"bar.png", bar(true, 5)}, {"bar-2.png", bar(false, 5)}} {
		assert.Equal(t, filepath.Join(out, want.name), all[i].Saw)
		f, err := os.Open(all[i].Saw)
		require.NoError(t, err)
		img, err := png.Decode(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		require.Equal(t, want.bar.Rect, img.Bounds())
		for y := range 12 {
			for x := range 12 {
				assert.Equal(t, want.bar.GrayAt(x, y), color.GrayModel.Convert(img.At(x, y)))
			}
		}
	}
	r := runCommand("predict", w.out, one, "--out", out)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "bar.png is there already; name another folder")
	assert.Empty(t, r.stdout)
}

// saveWeights saves weights for images of a shape, with metadata as a run has it.
func saveWeights(t *testing.T, shape []int, change func(values []float32), metadata map[string]string) string {
	t.Helper()
	m, err := model.Sequential(model.Input(shape...), model.Flatten{}, model.Dense{Units: 2, Activation: model.Softmax})
	require.NoError(t, err)
	weights := m.InitialWeights(1)
	change(weights.Padded())
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, weights.Save(path, metadata))
	return path
}

func TestPredictIsNotSure(t *testing.T) {
	// Weights of 0 find both classes equally probable.
	path := saveWeights(t, []int{28, 28, 1}, func(values []float32) { clear(values) }, nil)
	blank := filepath.Join(t.TempDir(), "blank.png")
	drawn := filepath.Join(t.TempDir(), "drawn.png")
	for name, ink := range map[string]uint8{blank: 255, drawn: 0} {
		img := image.NewGray(image.Rect(0, 0, 60, 60))
		for i := range img.Pix {
			img.Pix[i] = 255
			if i%60 > 25 && i%60 < 32 && i/60 > 10 && i/60 < 50 {
				img.Pix[i] = ink
			}
		}
		f, err := os.Create(name)
		require.NoError(t, err)
		require.NoError(t, png.Encode(f, img))
		require.NoError(t, f.Close())
	}
	all := predictions(t, succeed(t, "predict", path, blank, drawn, "--json"))
	require.Len(t, all, 2)
	for i, want := range []string{"nothing stands out from the page", "no class stands out"} {
		assert.False(t, all[i].Sure)
		assert.Equal(t, want, all[i].Doubt)
		assert.Contains(t, succeed(t, "predict", path, []string{blank, drawn}[i]).stdout, "\n  not sure: "+want+"\n")
	}

	path = saveWeights(t, []int{28, 28, 1}, func(values []float32) {
		for i := range values {
			values[i] = float32(1 - 2*(i%2))
		}
	}, nil)
	r := succeed(t, "predict", path, drawn, "--json")
	assert.True(t, predictions(t, r)[0].Sure)
	assert.Contains(t, r.stdout, `"sure":true`)
	assert.NotContains(t, r.stdout, "doubt")
}

// Weights that hold NaN answer nothing, in any command.
func TestWeightsOfNaN(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	saved, err := run.Load(w.out)
	require.NoError(t, err)
	values, err := saved.Weights.Values("dense/kernel")
	require.NoError(t, err)
	values[0] = float32(math.NaN())
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, saved.Weights.Save(path, map[string]string{"cnn-gpu.data": w.data}))
	picture, out := w.picture(t, "bar.png", true), filepath.Join(t.TempDir(), "maps")
	for _, args := range [][]string{
		{"eval", path}, {"eval", path, "--json"}, {"predict", path, picture}, {"predict", path, picture, "--json"},
		{"maps", path, picture, "--out", out}, {"maps", path, "--out", out},
	} {
		r := runCommand(args...)
		assert.Equal(t, exitFailure, r.code, args)
		assert.Contains(t, r.stderr, "the weights are of no use; train again, with a lower learning rate", args)
		assert.Empty(t, r.stdout, args)
	}
	assert.NoDirExists(t, out)
}

// What the training images were prepared like is in the weights, and pictures are prepared so.
func TestPredictPreparesAsTheTrainingImagesWere(t *testing.T) {
	page := image.NewGray(image.Rect(0, 0, 56, 56))
	for y := 30; y < 50; y++ {
		page.SetGray(40, y, color.Gray{255})
		page.SetGray(41, y, color.Gray{255})
	}
	picture := filepath.Join(t.TempDir(), "page.png")
	f, err := os.Create(picture)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, page))
	require.NoError(t, f.Close())
	prepared := func(weights string) string {
		return predictions(t, succeed(t, "predict", weights, picture, "--json"))[0].Prepared
	}
	same := func([]float32) {}
	shape := []int{28, 28, 1}
	assert.Contains(t, prepared(saveWeights(t, shape, same, nil)), "cut to its ink")
	assert.Contains(t, prepared(saveWeights(t, shape, same, map[string]string{"cnn-gpu.data": "mnist"})), "cut to its ink")
	assert.Equal(t, "resized 56x56 -> 28x28", prepared(saveWeights(t, shape, same, map[string]string{"cnn-gpu.data": "fashion-mnist"})))
	light := map[string]string{"cnn-gpu.preparation": `{"framing":"whole","ground":"light"}`}
	assert.Equal(t, "inverted (its background is dark), resized 56x56 -> 28x28", prepared(saveWeights(t, shape, same, light)))
	r := runCommand("predict", saveWeights(t, shape, same, map[string]string{"cnn-gpu.preparation": `{"framing":"round"}`}), picture)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "choose mnist, digits, emnist, whole or crop")

	// A run writes it: these bars of 28x28 lie anywhere.
	w := newTiny(t)
	require.NoError(t, os.WriteFile(w.model, []byte("input: [28, 28, 1]\nlayers:\n  - Flatten\n  - Dense: {units: 2, activation: softmax}\n"), 0o666))
	for _, half := range []string{"train", "t10k"} {
		pixels := binary.BigEndian.AppendUint32(nil, 0x803)
		for _, extent := range []uint32{20, 28, 28} {
			pixels = binary.BigEndian.AppendUint32(pixels, extent)
		}
		labels := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 0x801), 20)
		for i := range 20 {
			img := make([]byte, 28*28)
			for at := range 28 {
				img[at*28+i] = 255
			}
			pixels, labels = append(pixels, img...), append(labels, byte(i%2))
		}
		require.NoError(t, os.WriteFile(filepath.Join(w.data, half+"-images-idx3-ubyte"), pixels, 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(w.data, half+"-labels-idx1-ubyte"), labels, 0o666))
	}
	w.train(t)
	saved, err := run.Load(w.out)
	require.NoError(t, err)
	assert.Equal(t, data.Preparation{Framing: data.Whole, Ground: data.DarkGround}, saved.Preparation)
	assert.Equal(t, "resized 56x56 -> 28x28", prepared(w.out))
}
