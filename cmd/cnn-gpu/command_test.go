package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/run"
)

// result is what a command line left behind.
type result struct {
	code           int
	stdout, stderr string
}

func runCommand(args ...string) result { return runCommandUntil(context.Background(), args...) }

func runCommandUntil(ctx context.Context, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := execute(ctx, args, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// succeed runs a command line that has to succeed.
func succeed(t *testing.T, args ...string) result {
	t.Helper()
	r := runCommand(args...)
	require.Equal(t, exitOK, r.code, "cnn-gpu %v: %s", args, r.stderr)
	return r
}

// assertSnakeCase says whether the keys of JSON, at any depth, are written as they should be.
func assertSnakeCase(t *testing.T, text string) {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, element := range v {
				walk(element)
			}
		case map[string]any:
			for key, element := range v {
				assert.Regexp(t, `^[a-z][a-z0-9]*(_[a-z0-9]+)*$`, key)
				walk(element)
			}
		}
	}
	walk(value)
}

const tinyModel = `name: tiny
input: [12, 12, 1]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
  - MaxPooling2D
  - Flatten
  - Dense: {units: 2, activation: softmax}
`

// tiny is a model and a data set that train in no time: bars that lie (0) or stand (1).
type tiny struct{ model, data, out string }

func newTiny(t *testing.T) tiny {
	t.Helper()
	dir := t.TempDir()
	w := tiny{filepath.Join(dir, "tiny.yaml"), filepath.Join(dir, "bars"), filepath.Join(dir, "run")}
	require.NoError(t, os.WriteFile(w.model, []byte(tinyModel), 0o666))
	require.NoError(t, os.Mkdir(w.data, 0o777))
	writeBars(t, w.data, "train", 48)
	writeBars(t, w.data, "t10k", 20)
	return w
}

// writeBars writes images and labels as IDX files.
func writeBars(t *testing.T, dir, half string, count int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(count)))
	pixels := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, extent := range []int{count, 12, 12} {
		pixels = binary.BigEndian.AppendUint32(pixels, uint32(extent))
	}
	labels := binary.BigEndian.AppendUint32(nil, 0x801)
	labels = binary.BigEndian.AppendUint32(labels, uint32(count))
	for i := range count {
		pixels = append(pixels, bar(i%2 == 1, 2+random.IntN(8)).Pix...)
		labels = append(labels, byte(i%2))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, half+"-images-idx3-ubyte"), pixels, 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, half+"-labels-idx1-ubyte"), labels, 0o666))
}

// bar is a light bar on a dark ground.
func bar(stands bool, at int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, 12, 12))
	for i := 1; i < 11; i++ {
		if stands {
			img.SetGray(at, i, color.Gray{255})
		} else {
			img.SetGray(i, at, color.Gray{255})
		}
	}
	return img
}

// picture writes a bar as a PNG.
func (w tiny) picture(t *testing.T, name string, stands bool) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(w.model), name)
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, bar(stands, 5)))
	require.NoError(t, f.Close())
	return path
}

// train runs the train command on the tiny model and data.
func (w tiny) train(t *testing.T, args ...string) result {
	t.Helper()
	return succeed(t, append(w.trainArgs(), args...)...)
}

func (w tiny) trainArgs() []string {
	return []string{"train", "--model", w.model, "--data", w.data, "--epochs", "4", "--batch", "4", "--lr", "0.01", "--out", w.out}
}

// weights are those in the run's folder.
func (w tiny) weights(t *testing.T) []float32 {
	t.Helper()
	saved, err := run.Load(w.out)
	require.NoError(t, err)
	return saved.Weights.Padded()
}
