package run

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/model/safetensors"
	"cnn-gpu/train"
)

// trained is the folder of a finished run that is closed, and its settings.
func trained(t *testing.T) (string, Config) {
	t.Helper()
	c := config(t)
	c.Out = "run"
	r := start(t, c)
	_, err := r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return c.Out, c
}

func resume(t *testing.T, dir string, o ResumeOptions) *Run {
	t.Helper()
	r, err := Resume(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

// Whatever is damaged in a file is told with the file's name and a way out, and a run goes on from the checkpoint before.
func TestDamagedFiles(t *testing.T) {
	dir, _ := trained(t)
	rng := rand.New(rand.NewPCG(1, 2))
	damage := func(path string, do func(name string)) {
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		for range 125 {
			flipped := append([]byte{}, whole...)
			at := rng.IntN(len(whole))
			flipped[at] ^= 1 << rng.IntN(8)
			require.NoError(t, os.WriteFile(path, flipped, 0o666))
			do(fmt.Sprintf("a bit of byte %d", at))
			require.NoError(t, os.WriteFile(path, whole[:rng.IntN(len(whole))], 0o666))
			do("cut off")
		}
		require.NoError(t, os.WriteFile(path, whole, 0o666))
	}
	weights := filepath.Join(dir, weightsFile)
	damage(weights, func(what string) {
		_, err := Load(dir)
		require.ErrorContains(t, err, weights, what)
		require.ErrorContains(t, err, "cnn-gpu train --resume run writes the weights again", what)
		require.ErrorContains(t, err, "run/weights-best.safetensors holds those of the best epoch", what)
	})
	newest := filepath.Join(dir, checkpointFile)
	damage(newest, func(what string) {
		found, err := findCheckpoint(dir)
		require.NoError(t, err, what)
		require.Equal(t, filepath.Join(dir, previousCheckpointFile), found.checkpoint.Path(), what)
		require.Len(t, found.notes, 2)
		require.Contains(t, found.notes[0], newest, what)
		require.Equal(t, "The run goes on from checkpoint-previous.safetensors instead.", found.notes[1])
	})

	want := weightsIn(t, dir)
	require.NoError(t, os.Truncate(newest, 1000))
	require.NoError(t, os.Truncate(weights, 1000))
	r := resume(t, dir, ResumeOptions{})
	assert.Equal(t, 1, r.Trainer().Position().Epoch, "the one before")
	_, err := r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	assert.Equal(t, want, weightsIn(t, dir))
	assert.FileExists(t, newest+".damaged")
	found, err := findCheckpoint(dir)
	require.NoError(t, err)
	assert.Equal(t, newest, found.checkpoint.Path())
	assert.Empty(t, found.notes)
	require.NoError(t, r.Close())

	for _, name := range []string{checkpointFile, previousCheckpointFile, bestCheckpointFile} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("torn"), 0o666))
	}
	_, err = Resume(dir, ResumeOptions{})
	assert.ErrorContains(t, err, "no checkpoint of run is whole")
	assert.ErrorContains(t, err, bestCheckpointFile)
}

// A process that ended between two renames left a new checkpoint under its first name.
func TestResumeFromTheNextCheckpoint(t *testing.T) {
	dir, _ := trained(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Rename(path(checkpointFile), path(nextCheckpointFile)))
	require.NoError(t, os.WriteFile(path(".weights.safetensors.part-1"), nil, 0o666))
	r := resume(t, dir, ResumeOptions{})
	assert.Equal(t, 2, r.Trainer().Position().Epoch)
	assert.Empty(t, r.Notes())
	_, err := r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	assert.NoFileExists(t, path(nextCheckpointFile))
	assert.FileExists(t, path(checkpointFile))
	assert.NoFileExists(t, path(".weights.safetensors.part-1"))
}

// An epoch that has begun is ended: the weights of its middle are those of no epoch, and would be tested as those of the last.
func TestResumeEndsTheEpochThatHasBegun(t *testing.T) {
	c := config(t)
	r := start(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := r.Train(ctx, Hooks{OnProgress: func(p train.Progress) {
		if p.Epoch == 2 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Positive(t, r.Trainer().Position().Batch)
	require.NoError(t, r.Close())
	_, err = Resume(r.Dir(), ResumeOptions{Epochs: 1})
	assert.EqualError(t, err, "run: "+r.Dir()+" has begun 2 epochs already: give --epochs a number that is not below")
	assert.NoError(t, resume(t, r.Dir(), ResumeOptions{Epochs: 2}).Close())
}

// A run goes on in its own folder alone, so no other one is advised where that cannot be written to.
func TestResumeInAFolderThatCannotBeWrittenTo(t *testing.T) {
	dir, _ := trained(t)
	lock := filepath.Join(dir, ".lock")
	require.NoError(t, os.RemoveAll(lock))
	require.NoError(t, os.Mkdir(lock, 0o777))
	_, err := Resume(dir, ResumeOptions{})
	assert.ErrorContains(t, err, "run: cannot write into the run's folder: ")
	assert.ErrorContains(t, err, "; make it writable, or go on with a copy of it")
}

// A run refuses data that is not that which it was begun with, wherever it lies, and --anyway goes on.
func TestResumeRefusesOtherData(t *testing.T) {
	dir, _ := trained(t)
	before := weightsIn(t, dir)
	images := filepath.Join("few", "train-images-idx3-ubyte")
	whole, err := os.ReadFile(images)
	require.NoError(t, err)
	changed := append([]byte{}, whole...)
	changed[len(changed)-1] ^= 1
	require.NoError(t, os.WriteFile(images, changed, 0o666))
	_, err = Resume(dir, ResumeOptions{})
	var different *DifferenceError
	require.ErrorAs(t, err, &different)
	require.Len(t, different.Differences, 1)
	assert.ErrorContains(t, err, "run: run would not go on to the weights that it would have had:\n  training data: content ")
	assert.ErrorContains(t, err, "\nGive the data that the run began with by --data, --data-dir, or begin another run.\n--anyway goes on all the same")
	_, err = (&Saved{}).Verify(context.Background(), VerifyOptions{}, Hooks{})
	assert.ErrorContains(t, err, "do not say how they came about")
	saved, err := Load(dir)
	require.NoError(t, err)
	_, err = saved.Verify(context.Background(), VerifyOptions{}, Hooks{})
	assert.ErrorContains(t, err, "the data is not that of the run: training data: content ")

	r := resume(t, dir, ResumeOptions{Anyway: true, Epochs: 3})
	require.Len(t, r.Notes(), 1)
	assert.Contains(t, r.Notes()[0], "training data: content ")
	_, err = r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	assert.NotEqual(t, before, weightsIn(t, dir))
	require.NoError(t, r.Close())

	require.NoError(t, os.Rename("few", "many"))
	writeTo := func(folder string, training, test int) string {
		require.NoError(t, os.Mkdir(folder, 0o777))
		writeImages(t, filepath.Join(folder, "train"), training)
		writeImages(t, filepath.Join(folder, "t10k"), test)
		return folder
	}
	_, err = Resume(dir, ResumeOptions{})
	assert.ErrorContains(t, err, "few; --data, --data-dir say where the same data is now")
	_, err = Resume(dir, ResumeOptions{Data: writeTo("more", 50, 10)})
	assert.ErrorContains(t, err, "training data: 40 images then, 50 images now")
	_, err = Resume(dir, ResumeOptions{Data: writeTo("test", 40, 11)})
	assert.ErrorContains(t, err, "test data: 10 images then, 11 images now")
	assert.NoError(t, resume(t, dir, ResumeOptions{Data: "many"}).Close(), "the same in another folder")
	r = resume(t, dir, ResumeOptions{Data: writeTo("fewer", 10, 10), Anyway: true, Epochs: 5})
	_, err = r.Train(context.Background(), Hooks{})
	require.NoError(t, err, "other data in other batches goes on, as was asked for")
}

// A run can be verified after its data was moved.
func TestVerifyWithDataThatWasMoved(t *testing.T) {
	dir, _ := trained(t)
	require.NoError(t, os.Rename("few", "moved"))
	saved, err := Load(dir)
	require.NoError(t, err)
	_, err = saved.Verify(context.Background(), VerifyOptions{}, Hooks{})
	assert.ErrorContains(t, err, "few; --data, --data-dir say where the same data is now")
	v, err := saved.Verify(context.Background(), VerifyOptions{Data: "moved"}, Hooks{})
	require.NoError(t, err)
	assert.Equal(t, Verification{Epoch: 2, Values: saved.Weights.Count()}, *v)
}

// What would round otherwise is refused; what might have changed is said.
func TestResumeComparesWhatComputes(t *testing.T) {
	dir, _ := trained(t)
	path := filepath.Join(dir, checkpointFile)
	for _, c := range []struct {
		change        func(*Provenance)
		refused, said string
		o             ResumeOptions
	}{
		{func(p *Provenance) { p.Parts[0].CPUCode = "abacus" }, "CPU code: abacus then, " + device.CPUCode() + " now\nCNN_GPU_CPU=abacus goes on with the same code", "", ResumeOptions{}},
		{func(p *Provenance) { p.Parts[0].CPUCode = "abacus" }, "", "CPU code: abacus then, " + device.CPUCode() + " now: the weights will not be those", ResumeOptions{Anyway: true}},
		{func(p *Provenance) { p.Parts[0].Version = "v0.0.1" }, "", "The run was trained by cnn-gpu v0.0.1 (", ResumeOptions{}},
		{func(p *Provenance) { p.Parts[0].Device, p.Parts[0].GPU = "cuda", "a GPU" }, "", "The run goes on on cpu after a GPU", ResumeOptions{Device: "cpu"}},
	} {
		file, err := safetensors.Read(path)
		require.NoError(t, err)
		whole := file.Metadata[provenanceKey]
		p, err := decodeProvenance(whole)
		require.NoError(t, err)
		c.change(p)
		file.Metadata[provenanceKey], err = p.encode()
		require.NoError(t, err)
		require.NoError(t, safetensors.Write(path, file))
		r, err := Resume(dir, c.o)
		if c.refused != "" {
			require.ErrorContains(t, err, c.refused)
		} else {
			require.NoError(t, err)
			require.Len(t, r.Notes(), 1)
			assert.Contains(t, r.Notes()[0], c.said)
			require.NoError(t, r.Close())
		}
		file.Metadata[provenanceKey] = whole
		require.NoError(t, safetensors.Write(path, file))
	}
	e := &DifferenceError{}
	cuda := Part{Device: "cuda", GPU: "one", Driver: "CUDA 12.4", Compiler: "NVRTC 12.9"}
	other := Part{Device: "cuda:1", GPU: "another", Driver: "CUDA 13.0", Compiler: "NVRTC 13.0", Precision: kernels.TF32}
	assert.Len(t, e.comparePart(cuda, other, false), 1, "the driver")
	assert.Equal(t, []train.Difference{{What: "GPU", Saved: "one", Now: "another"}, {What: "precision", Saved: "fp32", Now: "tf32"},
		{What: "compiler of the kernels", Saved: "NVRTC 12.9", Now: "NVRTC 13.0"}}, e.Differences)
}

func TestUnknownKeys(t *testing.T) {
	dir, _ := trained(t)
	file, err := safetensors.Read(filepath.Join(dir, checkpointFile))
	require.NoError(t, err)
	text := file.Metadata[provenanceKey]
	_, err = decodeProvenance(strings.Replace(text, `"seed"`, `"sed"`, 1))
	assert.ErrorContains(t, err, `unknown field "sed"`)
	for _, broken := range []string{"", "{}", text + "x"} {
		_, err = decodeProvenance(broken)
		assert.ErrorContains(t, err, "it does not say how the run was started")
	}
	w, metadata, err := model.LoadWeights(filepath.Join(dir, weightsFile))
	require.NoError(t, err)
	metadata["cnn-gpu.more"] = "1"
	require.NoError(t, w.Save("more.safetensors", metadata))
	_, err = Load("more.safetensors")
	assert.ErrorContains(t, err, `its metadata have the key "cnn-gpu.more", which this version of the program does not know`)
}

// A finished run goes on to the bits of one that was longer from the start, and both verify.
func TestFinishedRunsGoOn(t *testing.T) {
	dir, c := trained(t)
	c.Out, c.Epochs = "longer", 4
	longer := start(t, c)
	_, err := longer.Train(context.Background(), Hooks{})
	require.NoError(t, err)

	_, err = Resume(dir, ResumeOptions{Epochs: 1})
	assert.ErrorContains(t, err, "run has begun 2 epochs already: give --epochs a number that is not below")
	_, err = Resume(dir, ResumeOptions{Device: "tpu"})
	assert.ErrorContains(t, err, `unknown device "tpu"`)
	assert.NoError(t, resume(t, dir, ResumeOptions{Epochs: 5}).Close(), "what is opened and not trained leaves the run as it was")

	r := resume(t, dir, ResumeOptions{Epochs: 4})
	summary, err := r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	assert.Equal(t, 4, summary.Last.Epoch)
	assert.Equal(t, weightsIn(t, "longer"), weightsIn(t, dir))
	assert.Equal(t, weightsIn(t, filepath.Join("longer", bestWeightsFile)), weightsIn(t, filepath.Join(dir, bestWeightsFile)))

	saved, err := Load(dir)
	require.NoError(t, err)
	assert.Equal(t, 4, saved.Epoch)
	require.Len(t, saved.Provenance.Parts, 2)
	assert.Equal(t, 2, saved.Provenance.Parts[1].Epoch)
	assert.True(t, filepath.IsAbs(saved.Provenance.Settings.Data))
	assert.True(t, filepath.IsAbs(saved.Provenance.Settings.Model))
	v, err := saved.Verify(context.Background(), VerifyOptions{}, Hooks{})
	require.NoError(t, err)
	assert.Equal(t, Verification{Epoch: 4, Values: saved.Weights.Count()}, *v)

	values, err := saved.Weights.Values("dense/bias")
	require.NoError(t, err)
	values[3] += 1
	v, err = saved.Verify(context.Background(), VerifyOptions{}, Hooks{})
	require.NoError(t, err)
	assert.Equal(t, 1, v.Differing)
	assert.Equal(t, "dense/bias", v.Parameter)
	assert.InDelta(t, 1, v.Largest, 1e-6)

	text, err := os.ReadFile(filepath.Join(dir, recordFile))
	require.NoError(t, err)
	for _, line := range []string{"settings:", "  seed: 1", "  epochs: 4", "    device: cpu", "    examples: 40", "    shape: [28, 28, 1]"} {
		assert.Contains(t, string(text), line+"\n")
	}
}

// A part that has computed nothing of what is saved is no part of its record.
func TestProvenanceUntil(t *testing.T) {
	p := &Provenance{Parts: []Part{{}, {Epoch: 1, Batch: 2}, {Epoch: 3}}}
	for _, c := range []struct {
		at   train.Position
		want int
	}{
		{train.Position{}, 1}, {train.Position{Epoch: 1, Batch: 2}, 1}, {train.Position{Epoch: 1, Batch: 3}, 2}, {train.Position{Epoch: 3}, 2}, {train.Position{Epoch: 4}, 3},
	} {
		assert.Equal(t, p.Parts[:c.want], p.until(c.at).Parts, "%+v", c.at)
	}
}

func TestParseInterval(t *testing.T) {
	every, steps, err := ParseInterval("10m")
	assert.Equal(t, []any{600.0, 0, nil}, []any{every.Seconds(), steps, err})
	every, steps, err = ParseInterval("500")
	assert.Equal(t, []any{0.0, 500, nil}, []any{every.Seconds(), steps, err})
	for _, text := range []string{"", "0", "-1", "0s", "-1s", "soon"} {
		_, _, err = ParseInterval(text)
		assert.ErrorContains(t, err, "give ", text)
	}
}
