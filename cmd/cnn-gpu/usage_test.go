package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver"
)

func TestExitCodes(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	missing := filepath.Join(t.TempDir(), "missing")
	picture := w.picture(t, "bar.png", true)
	for _, c := range []struct {
		args string
		code int
		want string // part of the message
	}{
		{"trian --epochs 3", exitUsage, "train"},
		{"help trian", exitUsage, "train"},
		{"help data ftch", exitUsage, "did you mean fetch?"},
		{"train --epoch 3", exitUsage, "unknown flag --epoch; did you mean --epochs?\nSee cnn-gpu train --help"},
		{"train -epochs 3", exitUsage, "unknown flag -epochs; did you mean --epochs?\n"},
		{"train -x", exitUsage, "unknown flag -x\n"},
		{"train --epochs", exitUsage, "--epochs: give a whole number, such as 5\n"},
		{"train --strict=maybe", exitUsage, "--strict maybe: it is on or off: give it alone, or as --strict=false\n"},
		{"train --lr quick", exitUsage, "--lr quick: give a number\n"},
		{"train --batch 99999999999999999999", exitUsage, "give a whole number that is not as large\n"},
		{"train --threads 100000", exitUsage, "more threads only wait for each other\n"},
		{"train --threads 0", exitUsage, "--threads 0: give a whole number, at least 1 and at most "},
		{"train --threads two", exitUsage, "give a whole number, at least 1 and at most "},
		{"eval RUN --threads 100000", exitUsage, "--threads 100000: give at most "},
		{"predict RUN PICTURE --threads 100000", exitUsage, "--threads 100000: give at most "},
		{"maps RUN --threads 100000", exitUsage, "--threads 100000: give at most "},
		{"check --threads 100000", exitUsage, "--threads 100000: give at most "},
		{"bench --threads 100000", exitUsage, "--threads 100000: give at most "},
		{"sim FILE --workers 100000", exitUsage, "--workers 100000: give at most "},
		{"sim FILE --block a", exitUsage, "sizes are numbers from 1"},
		{"sim", exitUsage, "give one file"},
		{"eval RUN/..", exitFailure, "holds no run: there is neither weights.safetensors nor checkpoint.safetensors in it"},
		{"eval RUN --batch 100000000000000", exitFailure, "a batch of 100,000,000,000,000; give at most 5,368,709: the value of conv2d"},
		{"check --device cpu --model MODEL --batch 100000000000000", exitFailure, "give at most 5,368,709"},
		{"bench --device cpu --model MODEL --batch 100000000000000", exitFailure, "give at most 5,368,709"},
		{"compile --out MISSING --model MODEL --batch 100000000000000", exitFailure, "give at most 5,368,709"},
		{"summary --model MODEL --batch 100000000000000", exitFailure, "give at most 5,368,709"},
		{"train --augment flipp", exitUsage, `--augment flipp: augment: unknown augmentation "flipp"; did you mean flip?`},
		{"train --model MODEL --data DATA --augment grey", exitFailure, "grey needs three colours, the pictures are [12 12 1]; leave it out"},
		{"data show DATA --augment crop:many", exitUsage, "--augment crop:many: augment: crop: padding many; give a whole number from 0 on"},
		{"data show DATA --augment crop:13", exitFailure, "crop: padding 13 is more than the pictures' 12 pixels"},
		{"train mnist", exitUsage, `unexpected argument "mnist"`},
		{"train --epochs 0", exitUsage, "at least 1"},
		{"train --epochs many", exitUsage, "--epochs many: give a whole number, such as 5\n"},
		{"train --batch -1", exitUsage, "at least 1"},
		{"train --lr 0", exitUsage, "above 0"},
		{"train --lr NaN", exitUsage, "above 0"},
		{"train --seed -1", exitUsage, "--seed -1: give a whole number from 0, such as 1\n"},
		{"train --optimizer adm", exitUsage, "did you mean adam?"},
		{"train --optimizer sgd --lr 1e-46", exitUsage, "learning rate 1e-46 is 0 in float32, in which devices compute: give at least 1.4e-45"},
		{"train --lr inf", exitUsage, "learning rate +Inf; give a number above 0"},
		{"train --epsilon 1e-50", exitUsage, "epsilon 1e-50 is 0 in float32"},
		{"train --momentum 0.5", exitUsage, "optimizer adam: there is no momentum; it takes learning_rate, beta_1"},
		{"train --momentum much", exitUsage, "--momentum much: give a number\n"},
		{"train --optimizer sgd --nesterov=maybe", exitUsage, "--nesterov maybe: it is on or off"},
		{"train --clip-norm -1", exitUsage, "clipping norm of each -1; give a number above 0"},
		{"bench --global-clip-norm 1 --clip-value 1", exitUsage, "clipped by a norm and by a value; give one of them"},
		{"summary --optimizer sgd --momentum 1", exitUsage, "momentum 1; give a number above 0 and below 1, or 0 for none"},
		{"compile --out MISSING --weight-decay NaN", exitUsage, "weight decay NaN"},
		{"train --resume RUN --weight-decay 0.1 --clip-norm 1", exitUsage, "leave out --clip-norm 1 (the run has none), --weight-decay 0.1 (the run has the optimizer's)"},
		{"train --schedule cosin", exitUsage, `unknown schedule "cosin"; did you mean cosine?`},
		{"train --schedule step,every=0", exitUsage, "schedule step: every 0; give a whole number, at least 1"},
		{"train --optimizer lion --beta-1 1e-50", exitUsage, "beta 1 1e-50 is 0 in float32, in which devices compute: give at least 1.4e-45\n"},
		{"train --schedule step,every=1e12", exitUsage, "every 1e+12; give a whole number, at least 1 and at most 1e+09"},
		{"train --momentum=", exitUsage, "--momentum \"\": give a number\n"},
		{"eval RUN --csv a.csv --confusion ./a.csv", exitUsage, "--csv and --confusion both name a.csv: give each a file of its own"},
		{"train --schedule=", exitUsage, `--schedule "": give a value`},
		{"train --patience -1", exitUsage, "--patience -1: give at least 1 epoch, or 0 to never stop early"},
		{"train --resume RUN --patience -1", exitUsage, "--patience -1: give at least 1 epoch"},
		{"train --warmup 0", exitUsage, "--warmup 0: give at least 1 step"},
		{"train --model MODEL --data DATA --warmup 60 --out MISSING/run", exitFailure, "a warm-up of 60 steps; 5 epochs have 10: give fewer, or more epochs"},
		{"train --resume RUN --schedule cosine --warmup 3", exitUsage, "leave out --schedule cosine (the run has none), --warmup 3 (the run has none)"},
		{"train --resume RUN --epochs 9 --lr 1 --seed 2", exitUsage, "leave out --lr 1 (the run has 0.01), --seed 2 (the run has 1)"},
		{"train --resume RUN --batch 5 --optimizer sgd", exitUsage, "leave out --batch 5 (the run has 4), --optimizer sgd (the run has adam)"},
		{"train --resume RUN --model mlp --out MISSING", exitUsage, "leave out --model mlp (the run has tiny.yaml), --out MISSING (the run has its folder)"},
		{"train --resume RUN --epochs 0", exitUsage, "at least 1"},
		{"train --resume RUN --epochs 3", exitFailure, "has begun 4 epochs already: give --epochs a number that is not below"},
		{"train --resume RUN --checkpoint-every 0", exitUsage, "at least 1 step"},
		{"train --checkpoint-every soon", exitUsage, "give a time such as 10m or 30s, or a number of steps such as 500"},
		{"train --checkpoint-every -3s", exitUsage, "give a time"},
		{"train --anyway", exitUsage, "it needs --resume"},
		{"train --resume MISSING", exitFailure, "MISSING"},
		{"train --data mnst", exitFailure, "did you mean mnist?"},
		{"train --model mnist-cn", exitFailure, "did you mean mnist-cnn?"},
		{"train --model RUN", exitFailure, "model: RUN is a folder: expected a model file\n"},
		{"train --model PICTURE", exitFailure, "PICTURE: is no text in UTF-8: expected a model file, in YAML\n"},
		{"train --metrics-addr 9090x", exitUsage, "--metrics-addr 9090x: give an address"},
		{"train --validation 0", exitUsage, "above 0 and below 1"},
		{"train --validation 1", exitUsage, "above 0 and below 1"},
		{"train --validation NaN", exitUsage, "above 0 and below 1"},
		{"train --model MODEL --data DATA --validation 0.999 --out MISSING/run", exitFailure, "leaves none"},
		{"train --resume RUN --validation 0.1", exitUsage, "leave out --validation 0.1 (the run has none)"},
		{"train --data-dir DATA", exitFailure, "digits is built in: name the set whose files are in DATA with --data"},
		{"bench --data-dir DATA", exitUsage, "name the set whose files are there with --data"},
		{"train --data=", exitUsage, `--data "": give a value, or leave the flag out`},
		{"train --data-dir= --data mnist", exitUsage, `--data-dir "": give a value`},
		{"train --out=", exitUsage, `--out "": give a value`},
		{"eval RUN --data=", exitUsage, `--data "": give a value`},
		{"bench --data=", exitUsage, `--data "": give a value`},
		{"train --data DATA --data-dir DATA", exitFailure, "leave out --data-dir"},
		{"train --model MODEL --data DATA --out PICTURE/run", exitFailure, "folder"},
		{"train --model MODEL --data DATA --out RUN", exitFailure, "holds a run already"},
		{"train --device gpu", exitFailure, "choose auto, cpu"},
		{"train --data mnist --data-dir MISSING", exitFailure, "data: the data folder MISSING: no such file or directory; give the one that holds mnist with --data-dir\n"},
		{"eval", exitUsage, "cnn-gpu eval runs/mnist-cnn-digits"},
		{"eval MISSING", exitFailure, "cnn-gpu: run: MISSING: file does not exist; give the folder that train made, or a weights file\n"},
		{"eval RUN --data digits", exitFailure, "[28 28 1]"},
		{"eval RUN --batch 0", exitUsage, "at least 1"},
		{"predict RUN", exitUsage, "and then pictures"},
		{"predict RUN PICTURE --top 0", exitUsage, "at least 1"},
		{"predict PICTURE PICTURE", exitFailure, "PICTURE"},
		{"predict RUN MODEL", exitFailure, "PNG, JPEG, WebP, BMP, GIF or TIFF"},
		{"maps RUN PICTURE --index 3", exitUsage, "not both"},
		{"maps RUN --index 20", exitUsage, "test images 0 to 19"},
		{"maps RUN --out PICTURE/maps", exitFailure, "not a directory; give another one with --out\n"},
		{"predict RUN PICTURE --out PICTURE/seen", exitFailure, "not a directory; give another one with --out\n"},
		{"data fetch mnist --data-dir PICTURE/mnist", exitFailure, "not a directory; give another folder with --data-dir DIR\n"},
		{"summary --batch 0", exitUsage, "at least 1"},
		{"summary RUN --model mlp", exitUsage, "not both"},
		{"bench mlp", exitUsage, `unexpected argument "mlp"`},
		{"bench --batch 32,0", exitUsage, "--batch 0: give at least 1"},
		{"bench --batch many", exitUsage, "--batch many: give whole numbers with commas between them, such as 32,128\n"},
		{"bench --steps -1", exitUsage, "at least 1"},
		{"bench --seconds 0", exitUsage, "above 0"},
		{"bench --threads -1", exitUsage, "at least 1"},
		{"bench --optimizer adm", exitUsage, "did you mean adam?"},
		{"bench --model mnist-cn", exitFailure, "did you mean mnist-cnn?"},
		{"bench --device gpu", exitFailure, "choose auto, cpu"},
		{"bench --data mnst", exitFailure, "did you mean mnist?"},
		{"bench --device cpu --model MODEL --data DATA --batch 49", exitFailure, "48 examples"},
		{"summary --memory --passes", exitUsage, "not both"},
		{"train --resume RUN --strict", exitUsage, "leave out --strict"},
		{"train --resume RUN --precision fp32", exitUsage, "leave out --precision fp32 (the run has default)"},
		{"train --strict --precision tf32", exitUsage, "--precision tf32: --strict computes with factors in fp32; leave out one of both"},
		{"train --precision half", exitUsage, "--precision half: choose default, fp32, tf32 or bf16"},
		{"train --model MODEL --data DATA --device cpu --precision bf16", exitFailure, "device: cpu: it multiplies in fp32, and not in bf16: leave out --precision, or take a GPU"},
		{"eval RUN --device cpu --precision tf32", exitFailure, "leave out --precision"},
		{"predict RUN PICTURE --device cpu --precision tf32", exitFailure, "leave out --precision"},
		{"bench --device cpu --precision tf32", exitFailure, "leave out --precision"},
		{"check --device cpu --precision bf16", exitFailure, "leave out --precision"},
		{"summary --precision bf16", exitFailure, "leave out --precision"},
		{"summary --memory --optimizer adm", exitUsage, "did you mean adam?"},
		{"check --batch 0", exitUsage, "at least 1"},
		{"check --steps 0", exitUsage, "at least 1"},
		{"check --model mnist-cn", exitFailure, "did you mean mnist-cnn?"},
		{"check --device gpu", exitFailure, "choose auto, cpu"},
		{"bench --device cpu --prediction MISSING", exitFailure, "--prediction: open MISSING"},
		{"bench --device cpu --prediction PICTURE", exitFailure, "give a file that this command wrote with --json"},
		{"micro heat", exitUsage, `no group "heat"; there are clock`},
		{"micro --device cpu", exitFailure, "micro: "},
		{"micro --prediction MISSING", exitFailure, "--prediction: open MISSING"},
		{"compile", exitUsage, "cnn-gpu compile --out kernels"},
		{"compile --out MISSING --batch 0", exitUsage, "at least 1"},
		{"compile --out MISSING --arch=", exitUsage, "such as sm_90"},
		{"compile --out MISSING --optimizer adm", exitUsage, "did you mean adam?"},
		{"compile --out MISSING --model mnist-cn", exitFailure, "did you mean mnist-cnn?"},
		{"models shwo", exitUsage, "did you mean show?"},
		{"models show", exitUsage, "cnn-gpu models show mnist-cnn"},
		{"models show lenet5", exitFailure, "did you mean lenet-5?"},
		{"data ftch", exitUsage, "did you mean fetch?"},
		{"data show diggits", exitFailure, "did you mean digits?"},
		{"data show DATA --out PICTURE/x.png", exitFailure, "not a directory; give another place with --out\n"},
		{"data show DATA --out MISSING.jpg", exitUsage, "drawn as a PNG; give a name that ends in .png"},
		{"data show DATA --out MISSING", exitUsage, "ends in .png"},
		{"data show DATA --out PICTURE", exitFailure, "PICTURE is there already; give another name with --out, or write over it with --force"},
		{"data fetch digits", exitFailure, "built in"},
		{"data fetch fashion", exitFailure, "fashion-mnist"},
		{"devices cpu", exitUsage, "no arguments"},
		{"--frobnicate", exitUsage, "unknown flag"},
	} {
		places := strings.NewReplacer("RUN", w.out, "MODEL", w.model, "DATA", w.data, "PICTURE", picture, "MISSING", missing)
		r := runCommand(strings.Fields(places.Replace(c.args))...)
		assert.Equal(t, c.code, r.code, "%s: %s", c.args, r.stderr)
		assert.Contains(t, r.stderr, places.Replace(c.want), c.args)
		assert.Contains(t, r.stderr, "cnn-gpu: ", c.args)
	}
}

// What ends with logits is for programs: no command advises what has no flag, and check refuses it before anything else.
func TestModelThatEndsWithLogits(t *testing.T) {
	w := newTiny(t)
	require.NoError(t, os.WriteFile(w.model, []byte("input: [12, 12, 1]\nlayers:\n  - Flatten\n  - Dense: {units: 2}\n"), 0o666))
	for _, command := range [][]string{
		w.trainArgs(), {"bench", "--device", "cpu", "--model", w.model}, {"check", "--device", "cpu", "--model", w.model},
		{"compile", "--out", w.out, "--model", w.model},
	} {
		r := runCommand(command...)
		assert.Equal(t, exitFailure, r.code, command)
		assert.Contains(t, r.stderr, "cnn-gpu: the model does not end with a softmax; write activation: softmax into its last layer\n", command)
		assert.NotContains(t, r.stderr, "FromLogits", command)
		assert.Empty(t, r.stdout, command)
	}
	refused := runCommand("check", "--device", "cpu", "--model", w.model).stderr
	assert.NotContains(t, refused, "Device: ", "before a device is opened, and any op checked")
	assert.Contains(t, succeed(t, "summary", "--model", w.model).stdout, "Memory for training")
}

func TestUnwritableStandardOutput(t *testing.T) {
	for _, command := range []string{"models", "--version", "train --help", "completion bash"} {
		var stderr bytes.Buffer
		assert.Equal(t, exitFailure, execute(context.Background(), strings.Fields(command), full{}, &stderr), command)
		assert.True(t, strings.HasSuffix(stderr.String(), "cnn-gpu: cannot write to standard output: no space left\n"), "%s: %s", command, stderr.String())
	}
}

// full is a file on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// everyCommand calls do for each command that a person can see.
func everyCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, c := range cmd.Commands() {
		if c.Name() != "help" && c.Name() != "completion" {
			everyCommand(c, do)
		}
	}
}

func TestHelp(t *testing.T) {
	everyCommand(newRootCommand(), func(c *cobra.Command) {
		r := succeed(t, append(strings.Fields(c.CommandPath())[1:], "--help")...)
		assert.Empty(t, r.stderr)
		assert.Contains(t, r.stdout, "Usage:\n", c.CommandPath())
		assert.Contains(t, r.stdout, "Examples:\n  cnn-gpu ", c.CommandPath())
		assert.NotEmpty(t, c.Short, c.CommandPath())
	})
}

// TestExamples runs every example of the help as far as its flags and arguments are checked.
func TestExamples(t *testing.T) {
	everyCommand(newRootCommand(), func(c *cobra.Command) {
		for line := range strings.SplitSeq(c.Example, "\n") {
			for command := range strings.SplitSeq(line, "&&") {
				words := strings.Fields(command)
				if i := slices.Index(words, ">"); i >= 0 {
					words = words[:i]
				}
				if len(words) == 0 {
					continue
				}
				require.Equal(t, "cnn-gpu", words[0], line)
				cmd, rest, err := newRootCommand().Find(words[1:])
				require.NoError(t, err, line)
				require.NoError(t, cmd.ParseFlags(rest), line)
				require.NoError(t, cmd.ValidateArgs(cmd.Flags().Args()), line)
			}
		}
	})
}

func TestVersionAndCompletion(t *testing.T) {
	with := "without CUDA"
	if driver.Built {
		with = "with CUDA"
	}
	assert.Regexp(t, `^cnn-gpu version \S+\n(commit [0-9a-f]+|unknown commit).*\ngo\S+ \w+/\w+, `+with+`\n$`, succeed(t, "--version").stdout)
	assert.Contains(t, succeed(t, "completion", "bash").stdout, "bash completion")
	assert.Contains(t, succeed(t, "__complete", "train", "--model", "mnist-").stdout, "mnist-cnn\n")
	assert.Contains(t, succeed(t, "__complete", "data", "fetch", "").stdout, "fashion-mnist\n")

	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll("runs/first", 0o777))
	require.NoError(t, os.WriteFile("runs/first/weights.safetensors", nil, 0o666))
	for _, command := range []string{"eval", "predict", "maps", "summary", "train --resume", "train --from"} {
		words := append([]string{"__complete"}, strings.Fields(command)...)
		assert.Contains(t, succeed(t, append(words, "runs/f")...).stdout, "runs/first\n", command)
		assert.Contains(t, succeed(t, append(words, "")...).stdout, "runs/first\n", command)
		assert.Equal(t, ":0\n", succeed(t, append(words, "elsewhere")...).stdout, "%s: files", command)
	}
	assert.Equal(t, ":0\n", succeed(t, "__complete", "predict", "runs/first", "").stdout, "pictures are files")
}

func TestNothingIsLeftBehindWhereAFileCannotBeDrawn(t *testing.T) {
	w := newTiny(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "sheet.png")
	require.NoError(t, os.Mkdir(out, 0o777)) // a folder stands where the file should go
	r := runCommand("data", "show", w.data, "--out", out)
	assert.Equal(t, exitFailure, r.code)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
}
