package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/run"
)

// newAlbum is a colour model and a folder of 40 pictures of two classes, which a colour tells apart, and of two that cannot be read.
func newAlbum(t *testing.T) tiny {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	w := tiny{filepath.Join(dir, "tiny.yaml"), filepath.Join(dir, "photos"), filepath.Join(dir, "run")}
	require.NoError(t, os.WriteFile(w.model, []byte(strings.NewReplacer("[12, 12, 1]", "[10, 12, 3]", "relu", "tanh").Replace(tinyModel)), 0o666))
	for i := range 40 {
		class, c := "red", color.NRGBA{220, 20, 30, 255}
		if i%2 == 1 {
			class, c = "green", color.NRGBA{20, 200, 40, 255}
		}
		writePhoto(t, filepath.Join(w.data, class, fmt.Sprintf("%02d.png", i)), uint64(i), c)
	}
	require.NoError(t, os.WriteFile(filepath.Join(w.data, "red", "broken.jpg"), []byte("\xff\xd8\xff\xe0"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(w.data, "red", "empty.png"), nil, 0o666))
	return w
}

// writePhoto writes a picture of a colour, with a spot somewhere.
func writePhoto(t *testing.T, path string, seed uint64, c color.NRGBA) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewNRGBA(image.Rect(0, 0, 20+rng.IntN(30), 20+rng.IntN(30)))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			img.SetNRGBA(x, y, c)
		}
	}
	img.SetNRGBA(rng.IntN(20), rng.IntN(20), color.NRGBA{255, 255, 255, 255})
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
}

// The length of the shorter side is the run's: what tests, tells and goes on prepares pictures as it did.
func TestTrainOnPicturesWithShorterSide(t *testing.T) {
	w := newAlbum(t)
	t.Chdir(filepath.Dir(w.data))
	train := []string{"train", "--model", "tiny.yaml", "--data", "photos", "--device", "cpu", "--epochs", "1", "--batch", "4", "--resize"}
	succeed(t, append(train, "shorter:16", "--crop", "12x10", "--out", w.out)...)
	saved, err := run.Load(w.out)
	require.NoError(t, err)
	assert.Equal(t, data.Preparation{Framing: data.Cropped, Ground: data.AnyGround, Shorter: 16}, saved.Preparation)
	assert.Equal(t, 16, saved.Pictures().Shorter)
	recipe, err := os.ReadFile(filepath.Join(w.out, "recipe.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(recipe), "  resize: shorter:16\n  crop: 12x10\n")
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")
	succeed(t, "train", "--resume", w.out, "--epochs", "2", "--resize", "shorter:16")
	succeed(t, "train", "--model", filepath.Join(w.out, "recipe.yaml"), "--resize", "12x10", "--out", filepath.Join(filepath.Dir(w.out), "without"))
	writePhoto(t, "new.png", 99, color.NRGBA{230, 30, 10, 255})
	assert.Regexp(t, `^new.png: resized \d+x\d+ -> (16x\d+|\d+x16), cut to its middle 12x10\n`, succeed(t, "predict", w.out, "new.png").stdout)
	var tested, trained evaluation
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", w.out, "--json").stdout), &tested))
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", w.out, "--data", w.data, "--json").stdout), &trained))
	assert.Equal(t, tested.Loss, trained.Loss)

	plain := filepath.Join(filepath.Dir(w.out), "plain")
	succeed(t, append(train, "12x10", "--out", plain)...)
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", plain, "--json").stdout), &trained))
	assert.NotEqual(t, tested.Loss, trained.Loss, "the cache of other pictures is not taken")

	succeed(t, "data", "show", "photos", "--resize", "shorter:16", "--crop", "12x10")
	for want, args := range map[string][]string{
		"images of 10x12x3 cannot be cut out of pictures whose shorter side is 8: give a side from 12": append(train, "shorter:8", "--out", "none"),
		"--resize shorter:0: give the length of the shorter side in pixels, such as shorter:256":       append(train, "shorter:0", "--out", "none"),
		"--crop 12x10 is cut out of the middle of what --resize shorter:256 makes":                     append(train, "12x10", "--crop", "12x10", "--out", "none"),
		"--crop 9: pictures become what the model takes, and tiny takes [10 12 3]":                     append(train, "shorter:16", "--crop", "9", "--out", "none"),
		"leave out --resize shorter:17 (the run has shorter:16), --crop 12x10 (the run has its model's input)": {
			"train", "--resume", w.out, "--epochs", "3", "--resize", "shorter:17", "--crop", "12x10"},
		"--resize shorter:16: say by --crop what is cut out of the middle":                {"data", "show", "photos", "--resize", "shorter:16"},
		"digits holds no pictures that have to be decoded: leave out --resize and --crop": {"data", "show", "digits", "--resize", "shorter:16", "--crop", "9"},
	} {
		assert.Contains(t, runCommand(args...).stderr, want)
	}
}

// A folder of pictures is trained on, tested, resumed, verified and shown as a set of IDX files is, and a new picture is told.
func TestTrainOnPictures(t *testing.T) {
	w := newAlbum(t)
	t.Chdir(filepath.Dir(w.data))
	r := succeed(t, "train", "--model", "tiny.yaml", "--data", "photos", "--out", w.out, "--device", "cpu", "--epochs", "5", "--batch", "4", "--lr", "0.01",
		"--resize", "12x10", "--split", "0.3")
	assert.Contains(t, r.stderr, "Pictures left out, since they cannot be read: 2\n  red/broken.jpg: damaged picture")
	assert.Contains(t, r.stderr, "\n  red/empty.png: the file is empty")
	assert.Contains(t, r.stdout, "Test accuracy 100.00%")

	saved, err := run.Load(w.out)
	require.NoError(t, err)
	assert.Equal(t, []string{"green", "red"}, saved.Classes)
	assert.Equal(t, data.Preparation{Framing: data.Cropped, Ground: data.AnyGround}, saved.Preparation)
	assert.Equal(t, w.data, saved.Provenance.Settings.Data)
	assert.InDelta(t, 0.3, saved.Provenance.Settings.Split, 0)
	report := saved.Provenance.Data.Pictures
	assert.Equal(t, 2, report.Unreadable)
	assert.Len(t, report.First, 2)
	record, err := os.ReadFile(filepath.Join(w.out, "run.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(record), "red/empty.png: the file is empty")

	t.Chdir(t.TempDir())
	tested := saved.Provenance.Data.Test.Examples
	var e evaluation
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", w.out, "--json").stdout), &e))
	assert.Equal(t, tested, e.Examples)
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", w.out, "--data", w.data, "--json").stdout), &e))
	assert.Equal(t, tested, e.Examples, "the same pictures wherever the folder is named")
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")
	assert.Contains(t, succeed(t, "train", "--resume", w.out, "--epochs", "6").stdout, "Epoch 6/6: ")

	writePhoto(t, "new.png", 99, color.NRGBA{230, 30, 10, 255})
	p := succeed(t, "predict", w.out, "new.png").stdout
	assert.Regexp(t, `(?s)^new.png: resized \d+x\d+ -> \d+x\d+, cut to its middle 12x10\n +\d+\.\d+%  red`, p)

	// Of pictures of one class alone, its name says which it is.
	for i := range 20 {
		writePhoto(t, filepath.Join("others", "red", fmt.Sprintf("%d.png", i)), uint64(200+i), color.NRGBA{230, 30, 10, 255})
	}
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", w.out, "--data", "others", "--json").stdout), &e))
	assert.Equal(t, "red", e.Classes[1].Class)
	assert.Positive(t, e.Examples)
	assert.Equal(t, e.Examples, e.Classes[1].Correct)

	// Another picture of the same name is other data.
	writePhoto(t, filepath.Join(w.data, "red", "00.png"), 77, color.NRGBA{1, 2, 250, 255})
	bad := runCommand("train", "--resume", w.out, "--epochs", "7")
	assert.Equal(t, exitFailure, bad.code)
	assert.Regexp(t, `data: content [0-9a-f]{12} then, content [0-9a-f]{12} now`, bad.stderr)
	assert.Equal(t, exitFailure, runCommand("verify", w.out).code)
}

func TestTrainOnPicturesRefuses(t *testing.T) {
	w := newAlbum(t)
	train := []string{"train", "--model", w.model, "--data", w.data, "--out", w.out, "--device", "cpu", "--epochs", "1"}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{append(train, "--strict-data"), exitFailure, "expected every picture to be readable. Pictures left out, since they cannot be read: 2\n  red/broken.jpg"},
		{append(train, "--resize", "32x32"), exitUsage, "--resize 32x32: pictures become what the model takes, and tiny takes [10 12 3]"},
		{append(train, "--resize", "32"), exitUsage, "--resize 32: give a width and a height in pixels, such as 32x32"},
		{append(train, "--resize", "32x32x3"), exitUsage, "--resize 32x32x3: give a width"},
		{append(train, "--split", "1"), exitUsage, "--split 1: give a share above 0 and below 1, such as 0.2"},
		{[]string{"train", "--split", "0.1", "--device", "cpu"}, exitFailure, "digits has test images of its own: leave out --split"},
		{[]string{"data", "show", w.data, "--strict-data"}, exitFailure, "expected every picture to be readable. Pictures left out, since they cannot be read: 2"},
		{[]string{"data", "show", w.data, "--resize", "0x3"}, exitUsage, "--resize 0x3: give a width and a height"},
	} {
		r := runCommand(c.args...)
		assert.Equal(t, c.code, r.code, c.args)
		assert.Contains(t, r.stderr, c.want)
	}
	succeed(t, train...)
	r := runCommand("train", "--resume", w.out, "--epochs", "2", "--split", "0.4", "--strict-data", "--resize", "12x10")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "leave out --split 0.4 (the run has 0.2), --strict-data true (the run has false), --resize 12x10 (the run has its model's input)")
}

// A list is named as it is found from where a command runs, and found again from elsewhere.
func TestTrainOnAList(t *testing.T) {
	w := newAlbum(t)
	t.Chdir(w.data)
	list := "label,path\n"
	for i := range 40 {
		class := []string{"red", "green"}[i%2]
		list += fmt.Sprintf("%s one,%s/%02d.png\n", class, class, i)
	}
	require.NoError(t, os.WriteFile("list.csv", []byte(list), 0o666))
	succeed(t, "train", "--model", w.model, "--data", "list.csv", "--out", w.out, "--device", "cpu", "--epochs", "1")
	t.Chdir(t.TempDir())
	assert.Contains(t, succeed(t, "train", "--resume", w.out, "--epochs", "2").stdout, "Epoch 2/2: ")
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")
	assert.Contains(t, succeed(t, "eval", w.out).stdout, "green one")
	assert.Contains(t, succeed(t, "data", "show", filepath.Join(w.data, "list.csv")).stdout, "red one")
}

func TestShowPictures(t *testing.T) {
	w := newAlbum(t)
	t.Chdir(t.TempDir())
	r := succeed(t, "data", "show", w.data)
	assert.Contains(t, r.stdout, "photos: images of 64x64x3\n")
	assert.Contains(t, r.stderr, "Pictures left out, since they cannot be read: 2\n")
	r = succeed(t, "data", "show", w.data, "--json", "--resize", "48x32", "--seed", "2", "--split", "0.5")
	assertSnakeCase(t, r.stdout)
	var s dataSummary
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &s))
	assert.Equal(t, []int{32, 48, 3}, s.Shape)
	assert.Equal(t, 40, s.Training+s.Test)
	assert.InDelta(t, 20, s.Test, 8)
	assert.Equal(t, 2, s.Pictures.Unreadable)
	assert.InDelta(t, 0.5, s.Pictures.TestShare, 0)
}

// Streamed, a training has the bits of one that holds its pictures in memory, and a run may go on either way.
func TestTrainStreamed(t *testing.T) {
	w := newAlbum(t)
	train := func(args ...string) result {
		return succeed(t, append([]string{"train", "--device", "cpu"}, args...)...)
	}
	whole := func(out string, args ...string) []float32 {
		r := train(append([]string{"--model", w.model, "--data", w.data, "--out", out, "--epochs", "4", "--batch", "4"}, args...)...)
		assert.Equal(t, len(args) > 0, strings.Contains(r.stderr, "The decoded pictures, 14.77 KiB, are read from disk as they are needed."), r.stderr)
		return tiny{out: out}.weights(t)
	}
	held := whole(w.out)
	dir := t.TempDir()
	assert.Equal(t, held, whole(filepath.Join(dir, "warm"), "--stream"))
	require.NoError(t, os.RemoveAll(os.Getenv("XDG_CACHE_HOME")))
	assert.Equal(t, held, whole(filepath.Join(dir, "cold"), "--stream"))

	parted := filepath.Join(dir, "parted")
	train("--model", w.model, "--data", w.data, "--out", parted, "--epochs", "2", "--batch", "4", "--stream")
	train("--resume", parted, "--epochs", "3")
	train("--resume", parted, "--epochs", "4", "--stream")
	assert.Equal(t, held, tiny{out: parted}.weights(t))
	succeed(t, "eval", parted)
	succeed(t, "verify", parted)
}

// Flags that say how pictures are read are refused where there are none.
func TestFlagsForPicturesAlone(t *testing.T) {
	w := newTiny(t)
	for want, args := range map[string][]string{
		"holds no pictures that have to be decoded: leave out --resize": {"train", "--model", w.model, "--data", w.data, "--out", w.out, "--resize", "12x12"},
		"leave out --strict-data": {"train", "--model", w.model, "--data", w.data, "--out", w.out, "--strict-data"},
		"digits holds no pictures that have to be decoded: leave out --resize": {"data", "show", "digits", "--resize", "9x9"},
		"digits has test images of its own: leave out --split":                 {"data", "show", "digits", "--split", "0.5"},
	} {
		r := runCommand(args...)
		assert.Equal(t, exitUsage, r.code)
		assert.Contains(t, r.stderr, want)
	}
	assert.NoDirExists(t, w.out)
}

// Pictures of several labels, with weights, are trained on, tested and predicted each label by itself.
func TestTrainOnSeveralLabels(t *testing.T) {
	w := newAlbum(t)
	t.Chdir(filepath.Dir(w.data))
	var list strings.Builder
	list.WriteString("path,label,weight\n")
	for i := range 40 {
		color := []string{"red", "green"}[i%2]
		label := []string{"warm|red", "green"}[i%2]
		fmt.Fprintf(&list, "photos/%s/%02d.png,%s,%v\n", color, i, label, 1+i%2)
	}
	require.NoError(t, os.WriteFile("list.csv", []byte(list.String()), 0o666))
	arguments := []string{"train", "--model", "tiny.yaml", "--data", "list.csv", "--out", w.out, "--device", "cpu", "--epochs", "8", "--batch", "4", "--lr", "0.01"}
	r := runCommand(arguments...)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "the pictures have several labels: give --loss binary_crossentropy, and write activation: sigmoid into the model's last layer")
	text, err := os.ReadFile(w.model)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.model, []byte(strings.NewReplacer("softmax", "sigmoid", "units: 2", "units: 3").Replace(string(text))), 0o666))
	arguments = append(arguments, "--loss", "binary_crossentropy", "--restore-best", "--tensorboard", "--stream", "--standardize")
	r = runCommand(append(arguments, "--augment", "mixup")...)
	assert.Contains(t, r.stderr, "the examples have several labels (Options.Targets); leave mixup and cutmix out")
	arguments = append(arguments, "--augment", "flip")
	r = runCommand(append(arguments, "--class-weights", "balanced")...)
	assert.Contains(t, r.stderr, "examples with several labels have no one class to be weighed by; give each a weight, as the column weight of a list does")
	r = succeed(t, arguments...)
	assert.Contains(t, r.stdout, "Test accuracy 100.00%")
	assert.Contains(t, r.stderr, "There is no confusion matrix, and no sheet of misclassified images: an image may have several labels.")
	worse := slices.Clone(arguments)
	worse[slices.Index(worse, "--lr")+1], worse[slices.Index(worse, "--out")+1] = "30", "worse"
	assert.Contains(t, succeed(t, worse...).stderr, "are those of epoch")

	var e evaluation
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "eval", w.out, "--json").stdout), &e))
	assert.Equal(t, 1.0, e.Accuracy)
	assert.Equal(t, 1.0, e.MacroF1)
	require.Len(t, e.Classes, 3)
	assert.Equal(t, e.Examples, e.Classes[0].Examples+e.Classes[1].Examples, "green and red")
	assert.Equal(t, e.Classes[1].Examples, e.Classes[2].Examples, "red and warm")
	assert.Contains(t, runCommand("eval", w.out, "--confusion", "c.csv").stderr, "have several labels, so none is taken for another")
	assert.NotContains(t, succeed(t, "eval", w.out).stdout, "top-5")
	r = succeed(t, "predict", w.out, "photos/red/00.png", "photos/green/01.png")
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	require.Len(t, lines, 5, "a red picture has two labels, a green one has one:\n%s", r.stdout)
	assert.Contains(t, lines[1]+lines[2], "red")
	assert.Contains(t, lines[1]+lines[2], "warm")
	assert.Contains(t, lines[4], "green")

	require.NoError(t, os.WriteFile("list.csv", []byte(strings.ReplaceAll(list.String(), "warm|", "")), 0o666))
	r = runCommand("train", "--resume", w.out, "--epochs", "9")
	assert.Contains(t, r.stderr, "several labels then, one class now")
	assert.Contains(t, runCommand("eval", w.out).stderr, "the training is for several labels (Options.Targets)")
	r = succeed(t, "data", "show", "list.csv", "--out", "s.png")
	assert.Contains(t, r.stdout, "red")
}

// A picture of several labels is drawn in the row of each, and one of none in no row.
func TestSamplesOfSeveralLabels(t *testing.T) {
	w := newAlbum(t)
	list := filepath.Join(filepath.Dir(w.data), "list.csv")
	require.NoError(t, os.WriteFile(list, []byte("path,label,split\nphotos/red/00.png,warm|red,train\nphotos/red/02.png,red,train\nphotos/green/01.png,|,train\nphotos/red/04.png,warm,train\nphotos/red/06.png,warm,test\n"), 0o666))
	s, err := data.OpenSplits(list, data.Options{Pictures: data.PictureSetOptions{Shape: []int{12, 12, 3}}})
	require.NoError(t, err)
	tiles, err := samples(s.Training)
	require.NoError(t, err)
	var headings []string
	for _, tile := range tiles {
		headings = append(headings, tile.Heading)
	}
	assert.Equal(t, []string{"red", "", "warm", ""}, headings)
	flip, err := augment.Parse("flip")
	require.NoError(t, err)
	tiles, err = augmentedTiles(s.Training, flip, 1)
	require.NoError(t, err)
	assert.Equal(t, "red", tiles[0].Heading)
	assert.Equal(t, "warm", tiles[1+augmentedSamples].Heading)
}

// Weights of classes are kept by the run, whatever becomes of their file.
func TestClassWeights(t *testing.T) {
	w := newAlbum(t)
	t.Chdir(filepath.Dir(w.data))
	arguments := []string{"train", "--model", "tiny.yaml", "--data", "photos", "--device", "cpu", "--epochs", "1", "--batch", "4"}
	r := succeed(t, append(arguments, "--out", w.out, "--json")...)
	balanced := succeed(t, append(arguments, "--out", "balanced", "--json", "--class-weights", "balanced")...)
	require.NoError(t, os.WriteFile("weights.json", []byte("{\n \"red\": 3,\n \"green\": 0\n}\n"), 0o666))
	weighed := succeed(t, append(arguments, "--out", "weighed", "--json", "--class-weights", "weights.json")...)
	succeed(t, append(arguments, "--out", "mixed", "--class-weights", "weights.json", "--augment", "mixup")...)
	pairs := succeed(t, append(arguments, "--out", "pairs", "--json", "--class-weights", "1:3,green:0")...)
	loss := func(r result) float64 {
		var record run.Record
		require.NoError(t, json.Unmarshal([]byte(strings.SplitN(r.stdout, "\n", 2)[0]), &record))
		return record.Loss
	}
	assert.NotEqual(t, loss(r), loss(balanced))
	assert.NotEqual(t, loss(r), loss(weighed))
	assert.Equal(t, loss(weighed), loss(pairs))
	require.NoError(t, os.Remove("weights.json"))
	succeed(t, "train", "--model", filepath.Join("mixed", "recipe.yaml"), "--device", "cpu", "--out", "again")
	assert.Equal(t, tiny{out: "mixed"}.weights(t), tiny{out: "again"}.weights(t))
	succeed(t, "train", "--resume", "weighed", "--epochs", "2")
	r = runCommand("train", "--resume", "weighed", "--epochs", "3", "--class-weights", "balanced")
	assert.Contains(t, r.stderr, `leave out --class-weights balanced (the run has {"red":3,"green":0})`)
	r = runCommand(append(arguments, "--class-weights", "weights.json")...)
	assert.Contains(t, r.stderr, `"weights.json" is no class with its weight: expected balanced, such pairs as 0:1,1:2.5, or a file of a JSON object`)
	require.NoError(t, os.WriteFile("weights.json", []byte("red: 3\n"), 0o666))
	assert.Contains(t, runCommand(append(arguments, "--class-weights", "weights.json")...).stderr, "expected a JSON object such as")
}
