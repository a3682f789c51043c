package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
)

// What was given at the start may be given again; a finished run goes on to the weights of a longer one.
func TestResumeWithMoreEpochs(t *testing.T) {
	w := newTiny(t)
	w.train(t, "--epochs", "6")
	want := w.weights(t)
	w.out += "-2"
	w.train(t)
	r := succeed(t, "train", "--resume", w.out, "--epochs", "6", "--batch", "4", "--lr", "0.01", "--model", w.model, "--checkpoint-every", "5")
	assert.Contains(t, r.stdout, "Epoch 6/6: ")
	assert.NotContains(t, r.stdout, "Epoch 4/")
	assert.Equal(t, want, w.weights(t))
}

// The settings of an optimizer are recorded: a run goes on with them, and with no others.
func TestOptimizerSettingsAreKept(t *testing.T) {
	w := newTiny(t)
	settings := []string{"--optimizer", "sgd", "--momentum", "0.5", "--nesterov", "--weight-decay", "0.01", "--global-clip-norm", "2"}
	w.train(t, append(settings, "--epochs", "6")...)
	want := w.weights(t)
	record, err := os.ReadFile(filepath.Join(w.out, "run.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(record), "  optimizer: sgd\n  learning_rate: 0.01\n  optimizer_settings:\n    momentum: 0.5\n    nesterov: 1\n    weight_decay: 0.01\n  clipping:\n    norm: 2\n")
	w.out += "-2"
	w.train(t, settings...)
	succeed(t, append([]string{"train", "--resume", w.out, "--epochs", "6"}, settings...)...)
	assert.Equal(t, want, w.weights(t))
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")
	r := runCommand("train", "--resume", w.out, "--epochs", "7", "--momentum", "0.75", "--clip-norm", "3", "--global-clip-norm", "4", "--nesterov=false")
	assert.Contains(t, r.stderr, "leave out --clip-norm 3 (the run has none), --global-clip-norm 4 (the run has 2), --momentum 0.75 (the run has 0.5), --nesterov 0 (the run has 1)")
	w.out += "-3"
	w.train(t, "--optimizer", "sgd", "--epochs", "6")
	assert.NotEqual(t, want, w.weights(t))
}

// A schedule is for the epochs that the run began with: it goes on where a checkpoint was taken, and no further than its end.
func TestScheduleIsKept(t *testing.T) {
	w := newTiny(t)
	for schedule, rate := range map[string]string{"cosine,end=0.25": "0.01", "plateau,patience=1,gamma=0.5": "3"} {
		out := filepath.Join(t.TempDir(), "run")
		r := succeed(t, append(w.trainArgs(), "--schedule", schedule, "--lr", rate, "--warmup", "3", "--validation", "0.25", "--out", out)...)
		assert.Regexp(t, `(?m)^Epoch 4/4: .*, lr [0-9.]+, `, r.stdout)
		want := tiny{out: out}.weights(t)
		assert.Contains(t, succeed(t, "verify", out).stdout, "are the same, bit for bit")
		require.NoError(t, os.Rename(filepath.Join(out, "checkpoint-previous.safetensors"), filepath.Join(out, "checkpoint.safetensors")))
		succeed(t, "train", "--resume", out, "--schedule", schedule, "--warmup", "3")
		assert.Equal(t, want, tiny{out: out}.weights(t))
		lines, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
		require.NoError(t, err)
		assert.Equal(t, 4, strings.Count(string(lines), `"learning_rate":`))
		r = succeed(t, "train", "--resume", out, "--epochs", "5")
		assert.Equal(t, strings.HasPrefix(schedule, "cosine"), strings.Contains(r.stderr, "The learning rate follows the schedule of the 4 epochs that the run began with"+
			": where that ends, the rate stays as it is then. A run that begins with 5 epochs has other rates, and ends with other weights.\n"))
		assert.Contains(t, succeed(t, "verify", out).stdout, "after epoch 5 are the same, bit for bit")
	}
	w.train(t, "--schedule", "polynomial")
	r := runCommand("train", "--resume", w.out, "--epochs", "5")
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "the schedule polynomial ends after 4 epochs with a learning rate of 0")
}

// A run that was stopped between an epoch's last step and its test tells the rate of that step.
func TestRateOfAnEpochWithoutAStep(t *testing.T) {
	w := newTiny(t)
	w.train(t, "--schedule", "cosine", "--epochs", "2", "--checkpoint-every", "1")
	read := func() string {
		table, err := os.ReadFile(filepath.Join(w.out, "metrics.csv"))
		require.NoError(t, err)
		return string(table)
	}
	want := read()
	require.NoError(t, os.Rename(filepath.Join(w.out, "checkpoint-previous.safetensors"), filepath.Join(w.out, "checkpoint.safetensors")))
	succeed(t, "train", "--resume", w.out)
	assert.Equal(t, want, read())
}

// A finished run goes on to the weights of one that began with all epochs, unless its learning rate depends on how many there were to be; then it
// says so.
func TestMoreEpochsUnderASchedule(t *testing.T) {
	w := newTiny(t)
	for schedule, isSame := range map[string]bool{
		"constant": true, "step,every=2,gamma=0.5": true, "exponential": true, "plateau,patience=1": true,
		"polynomial,end=0.1": false, "cosine,end=0.1": false, "one-cycle": false,
	} {
		flags := []string{"--schedule", schedule, "--warmup", "2"}
		w.out = filepath.Join(t.TempDir(), "run")
		w.train(t, append(flags, "--epochs", "5")...)
		want := w.weights(t)
		w.out += "-2"
		w.train(t, append(flags, "--epochs", "3")...)
		r := succeed(t, append([]string{"train", "--resume", w.out, "--epochs", "5"}, flags...)...)
		assert.Equal(t, isSame, slices.Equal(want, w.weights(t)), schedule)
		assert.Equal(t, !isSame, strings.Contains(r.stderr, "A run that begins with 5 epochs has other rates, and ends with other weights.\n"), schedule)
	}
}

// A run that stops early says why, stays where it is when it is resumed, and goes on with more patience.
func TestStopsEarly(t *testing.T) {
	w := newTiny(t)
	// At this rate nothing is learnt.
	r := succeed(t, append(w.trainArgs(), "--lr", "10", "--epochs", "40", "--patience", "2")...)
	reason := regexp.MustCompile(`the loss on the test images has not fallen below that of epoch \d+ for 2 epochs`).FindString(r.stderr)
	require.NotEmpty(t, reason, r.stderr)
	assert.Contains(t, r.stderr, "Stopped early: "+reason+"; weights-best.safetensors holds the best weights.")
	assert.Contains(t, r.stderr, "The test images decide how the training goes")
	record := func() string {
		text, err := os.ReadFile(filepath.Join(w.out, "run.yaml"))
		require.NoError(t, err)
		return string(text)
	}
	assert.Contains(t, record(), "\nstopped: "+reason+"\n")
	metrics, err := os.ReadFile(filepath.Join(w.out, "metrics.jsonl"))
	require.NoError(t, err)
	assert.Regexp(t, `"stopped":true}\n$`, string(metrics))
	assert.Equal(t, 1, strings.Count(string(metrics), "stopped"))
	epochs := strings.Count(string(metrics), "\n")
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")

	r = succeed(t, "train", "--resume", w.out)
	assert.Contains(t, r.stderr, "The run stopped early: "+reason+". It goes on with a --patience above 2, or 0.")
	assert.NotContains(t, r.stdout, "Epoch")
	assert.Contains(t, record(), "\nstopped: "+reason+"\n")
	r = succeed(t, "train", "--resume", w.out, "--patience", "0", "--epochs", strconv.Itoa(epochs+1))
	assert.Equal(t, 1, strings.Count(r.stdout, "Epoch "))
	assert.NotContains(t, r.stderr, "topped early")
	assert.NotContains(t, record(), "stopped")
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "are the same, bit for bit")

	r = succeed(t, append(w.trainArgs(), "--lr", "10", "--epochs", "40", "--patience", "2", "--validation", "0.25", "--out", w.out+"-2")...)
	assert.Contains(t, r.stderr, "Stopped early: the loss on the validation images has not fallen")
	assert.NotContains(t, r.stderr, "The test images decide")
}

// Other data and other CPU code are refused by the program itself, and --anyway goes on.
func TestResumeRefuses(t *testing.T) {
	w := newTiny(t)
	w.train(t, "--device", "cpu")
	resume := []string{"train", "--resume", w.out, "--epochs", "5"}
	if runtime.GOARCH == "amd64" && device.CPUCode() != "portable" {
		r := runProcess(t, []string{device.CPUEnv + "=portable"}, resume...)
		assert.Equal(t, exitFailure, r.code)
		assert.Contains(t, r.stderr, "CPU code: "+device.CPUCode()+" then, portable now\n"+device.CPUEnv+"="+device.CPUCode()+" goes on with the same code")
		r = runProcess(t, []string{device.CPUEnv + "=portable"}, "verify", w.out)
		assert.Contains(t, r.stderr, "CPU code: "+device.CPUCode()+" then, portable now.")
	}
	labels := filepath.Join(w.data, "train-labels-idx1-ubyte")
	b, err := os.ReadFile(labels)
	require.NoError(t, err)
	b[len(b)-1] ^= 1
	require.NoError(t, os.WriteFile(labels, b, 0o666))
	r := runCommand(resume...)
	assert.Equal(t, exitFailure, r.code)
	assert.Regexp(t, `training data: content [0-9a-f]{12} then, content [0-9a-f]{12} now`, r.stderr)
	assert.Contains(t, succeed(t, append(resume, "--anyway")...).stderr, "the weights will not be those that the run would have had.")
}

func TestVerify(t *testing.T) {
	w := newTiny(t)
	w.train(t, "--device", "cpu")
	assert.Equal(t, "All 242 values after epoch 4 are the same, bit for bit.\n", succeed(t, "verify", w.out).stdout)
	var got verified
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "verify", w.out, "--json").stdout), &got))
	assert.Equal(t, verified{Same: true, Epoch: 4, Values: 242}, got)
	moved := w.data + "-moved"
	require.NoError(t, os.Rename(w.data, moved))
	assert.Contains(t, runCommand("verify", w.out).stderr, "--data, --data-dir say where the same data is now")
	succeed(t, "verify", w.out, "--data", moved)
	w.data = moved

	// The weights of another seed under this run's record.
	path := filepath.Join(w.out, "weights.safetensors")
	w.out += "-2"
	w.train(t, "--device", "cpu", "--seed", "2")
	other, err := os.ReadFile(filepath.Join(w.out, "weights.safetensors"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, unchecked(t, []byte(strings.Replace(string(other), `\"seed\":2`, `\"seed\":1`, 1))), 0o666))
	r := runCommand("verify", path, "--json")
	assert.Equal(t, exitFailure, r.code)
	assert.Regexp(t, `: \d+ of 242 values differ, by at most [\d.]+, the first in conv2d/kernel: `, r.stderr)
	assert.Contains(t, r.stdout, `"same":false`)
}

// A damaged file is refused with a way out; a file of another program, without a checksum, is read with a word about that.
func TestDamagedWeights(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	path := filepath.Join(w.out, "weights.safetensors")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, succeed(t, "eval", w.out).stderr, "checksum")
	require.NoError(t, os.WriteFile(path, unchecked(t, whole), 0o666))
	assert.Contains(t, succeed(t, "eval", w.out).stderr, "has no checksum, so nothing would tell if it were damaged")
	whole[len(whole)-3] ^= 8
	require.NoError(t, os.WriteFile(path, whole, 0o666))
	r := runCommand("eval", w.out)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, path+": it is damaged: its checksum is ")
	assert.Contains(t, r.stderr, "cnn-gpu train --resume "+w.out+" writes the weights again")
	succeed(t, "train", "--resume", w.out)
	succeed(t, "eval", w.out)
}

// unchecked is a weights file without its checksum.
func unchecked(t *testing.T, file []byte) []byte {
	t.Helper()
	length := binary.LittleEndian.Uint64(file)
	header := regexp.MustCompile(`"cnn-gpu\.(format|sha256)":"[^"]*",?`).ReplaceAll(file[8:8+length], nil)
	header = regexp.MustCompile(`,}`).ReplaceAll(header, []byte("}"))
	text := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(text, header...), file[8+length:]...)
}

// weights-best.safetensors has the bits of a run that ends with the best epoch, and with --restore-best the run ends with them: files, figures and
// pictures. It goes on as if it had not.
func TestBestWeightsAreKeptAndRestored(t *testing.T) {
	w := newTiny(t)
	// At this rate nothing is learnt, and the loss on the test images soon rises.
	unsteady := []string{"--lr", "10", "--epochs", "40", "--patience", "2"}
	w.train(t, unsteady...)
	type line struct {
		Epoch    int
		TestLoss float64 `json:"test_loss"`
	}
	var best line
	text, err := os.ReadFile(filepath.Join(w.out, "metrics.jsonl"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, text := range lines {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		if best.Epoch == 0 || l.TestLoss < best.TestLoss {
			best = l
		}
	}
	require.Equal(t, len(lines)-2, best.Epoch, "the training stops two epochs after the best")
	last := w.weights(t)
	kept := tiny{out: filepath.Join(w.out, "weights-best.safetensors")}.weights(t)
	assert.NotEqual(t, last, kept)
	dir := w.out
	w.out = dir + "-short"
	w.train(t, append(unsteady, "--epochs", strconv.Itoa(best.Epoch))...)
	assert.Equal(t, w.weights(t), kept, "what was kept is what the best epoch left")

	w.out = dir + "-restored"
	r := w.train(t, append(unsteady, "--restore-best", "--json")...)
	assert.Equal(t, kept, w.weights(t))
	assert.Contains(t, r.stderr, "weights.safetensors and the figures on the test images are those of epoch "+strconv.Itoa(best.Epoch)+", the best.\n")
	var end line
	require.NoError(t, json.Unmarshal([]byte(r.stdout[strings.LastIndex(strings.TrimSpace(r.stdout), "\n"):]), &end))
	assert.Equal(t, line{len(lines), best.TestLoss}, end, "the last epoch, and what the best weights do")
	assert.Contains(t, succeed(t, "verify", w.out).stdout, "after epoch "+strconv.Itoa(best.Epoch)+" are the same, bit for bit")
	succeed(t, "train", "--resume", w.out, "--restore-best=false")
	assert.Equal(t, last, w.weights(t), "nothing is lost")
	succeed(t, "train", "--resume", w.out, "--restore-best")
	assert.Equal(t, kept, w.weights(t))
}
