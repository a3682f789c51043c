package run

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train"
)

// A run that was interrupted in its first epoch is read from its newest whole checkpoint, with all that eval and predict need.
func TestLoadUnfinished(t *testing.T) {
	c := config(t)
	c.Epochs = 1
	ctx, cancel := context.WithCancel(context.Background())
	r := start(t, c)
	r.KeepRecipe([]byte("the recipe"))
	_, err := r.Train(ctx, Hooks{OnProgress: func(train.Progress) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	assert.FileExists(t, filepath.Join(r.Dir(), recipeFile))
	require.NoFileExists(t, filepath.Join(r.Dir(), weightsFile))

	saved, err := Load(r.Dir())
	require.NoError(t, err)
	assert.True(t, saved.Unfinished)
	want, err := r.Trainer().Weights()
	require.NoError(t, err)
	assert.Equal(t, want.Padded(), saved.Weights.Padded())
	assert.Equal(t, r.training.Classes(), saved.Classes)
	assert.Equal(t, r.Config().Data, saved.Data)

	_, err = saved.Verify(context.Background(), VerifyOptions{}, Hooks{})
	assert.EqualError(t, err, "run: the weights are of no complete epoch: --resume goes on with the run, whose weights can be verified then")

	checkpoint := filepath.Join(r.Dir(), checkpointFile)
	_, err = Load(checkpoint)
	assert.EqualError(t, err, "run: "+checkpoint+" is a checkpoint, which holds more than weights: give the folder of its run, or weights.safetensors in it")
	require.NoError(t, os.Rename(checkpoint, filepath.Join(r.Dir(), previousCheckpointFile)))
	for _, damaged := range []string{nextCheckpointFile, checkpointFile} {
		require.NoError(t, os.WriteFile(filepath.Join(r.Dir(), damaged), []byte("torn"), 0o666))
	}
	saved, err = Load(r.Dir())
	require.NoError(t, err)
	assert.Equal(t, want.Padded(), saved.Weights.Padded())
	require.Len(t, saved.Notes, 3)
	assert.Contains(t, saved.Notes[0], nextCheckpointFile)
	assert.Contains(t, saved.Notes[1], checkpointFile)
	assert.Equal(t, "The weights are those of checkpoint-previous.safetensors instead.", saved.Notes[2])

	empty := t.TempDir()
	_, err = Load(empty)
	assert.EqualError(t, err, "run: "+empty+" holds no run: there is neither weights.safetensors nor checkpoint.safetensors in it; give the folder that train made")
	require.NoError(t, os.WriteFile(filepath.Join(empty, checkpointFile), []byte("torn"), 0o666))
	_, err = Load(empty)
	assert.ErrorContains(t, err, filepath.Join(empty, checkpointFile))
	assert.ErrorContains(t, err, "no checkpoint of "+empty+" is whole, and it has no weights: begin another run")
}

func TestFolders(t *testing.T) {
	t.Chdir(t.TempDir())
	assert.Empty(t, Folders())
	for _, file := range []string{"runs/a/weights.safetensors", "runs/a/checkpoint.safetensors", "runs/b/checkpoint.safetensors", "runs/c/notes.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
		require.NoError(t, os.WriteFile(file, nil, 0o666))
	}
	assert.Equal(t, []string{filepath.Join("runs", "a"), filepath.Join("runs", "b")}, Folders())
	_, err := Load("run/a")
	assert.EqualError(t, err, "run: run/a: file does not exist; did you mean runs/a?")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Load("resnet-50")
	assert.EqualError(t, err, "run: resnet-50: file does not exist; it is a model of the zoo: --model resnet-50 where a command takes a model, or give the folder that train made, or a weights file")
	require.NoError(t, os.WriteFile("my.yaml", []byte("name: my\n"), 0o666))
	_, err = Load("my.yaml")
	assert.EqualError(t, err, "run: my.yaml is a model file, without weights: --model my.yaml where a command takes a model, or give the folder that train made")
}

func TestMistakesTitle(t *testing.T) {
	assert.Equal(t, "64 of 2,000 misclassified, the surest mistakes first", mistakesTitle(64, 2000))
	assert.Equal(t, "103 of 2,000 misclassified, the surest mistakes first; 39 more are not shown", mistakesTitle(103, 2000))
}
