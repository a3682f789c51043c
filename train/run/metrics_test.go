package run

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train"
)

// The file of the metrics grows where it stands: who follows it by its descriptor sees each epoch.
func TestMetricsAreAppended(t *testing.T) {
	r := start(t, config(t))
	path := filepath.Join(r.Dir(), metricsFile)
	var follower *os.File
	seen := ""
	_, err := r.Train(context.Background(), Hooks{OnEpoch: func(e train.Epoch) {
		if e.Epoch == 2 { // the line of the first epoch is there
			var err error
			follower, err = os.Open(path)
			require.NoError(t, err)
		}
	}})
	require.NoError(t, err)
	defer follower.Close()
	buffer := make([]byte, 4096)
	n, err := follower.Read(buffer)
	require.NoError(t, err)
	seen = string(buffer[:n])
	assert.Equal(t, 2, strings.Count(seen, "\n"))
	assert.Contains(t, seen, `"epoch":2`)
}

// However a run ended, the file of a resumed one has each epoch once, and keeps the lines that it has.
func TestMetricsOfAResumedRun(t *testing.T) {
	c := config(t)
	c.Out = "run"
	ctx, cancel := context.WithCancel(context.Background())
	r := start(t, c)
	_, err := r.Train(ctx, Hooks{OnEpoch: func(train.Epoch) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r.Close())
	path := filepath.Join("run", metricsFile)
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(first), "\n"))
	checkpoint, err := os.ReadFile(filepath.Join("run", checkpointFile))
	require.NoError(t, err)

	kept := strings.Replace(string(first), `"device":"cpu"`, `"device":"another"`, 1)
	second := strings.Replace(kept, `"epoch":1`, `"epoch":2`, 1)
	for name, c := range map[string]struct{ before, begins string }{
		"whole":                     {kept, kept},
		"torn":                      {kept + kept[:20], kept},
		"more than the checkpoint":  {kept + second + strings.Replace(second, `"epoch":2`, `"epoch":3`, 1), kept},
		"twice the same":            {kept + kept, kept},
		"gone":                      {"", string(first)},
		"without the first line":    {second, string(first)},
		"torn in the first line":    {kept[:20], string(first)},
		"something else altogether": {"hello\n", string(first)},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, []byte(c.before), 0o666))
			require.NoError(t, os.WriteFile(filepath.Join("run", checkpointFile), checkpoint, 0o666))
			again, err := Resume("run", ResumeOptions{})
			require.NoError(t, err)
			defer again.Close()
			_, err = again.Train(context.Background(), Hooks{})
			require.NoError(t, err)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			rest, found := strings.CutPrefix(string(text), c.begins)
			assert.True(t, found, "%s", text)
			assert.Equal(t, 1, strings.Count(rest, "\n"))
			assert.True(t, strings.HasPrefix(rest, `{"epoch":2,`), "%s", rest)
		})
	}
}

// The table has the columns of Keras's CSVLogger, in its order, and each epoch once, however the run went on.
func TestMetricsTable(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		header string
		rates  [2]string
	}{
		"test images": {func(*Config) {}, "epoch,accuracy,learning_rate,loss,test_accuracy,test_loss", [2]string{"0.001", "0.001"}},
		"validation and schedule": {
			func(c *Config) { c.Validation, c.Schedule, c.LearningRate = 0.25, "step,every=1,gamma=0.5", 0.25 },
			"epoch,accuracy,learning_rate,loss,val_accuracy,val_loss", [2]string{"0.25", "0.125"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			settings := config(t)
			settings.Out = "run"
			c.change(&settings)
			ctx, cancel := context.WithCancel(context.Background())
			r := start(t, settings)
			_, err := r.Train(ctx, Hooks{OnEpoch: func(train.Epoch) { cancel() }})
			require.ErrorIs(t, err, context.Canceled)
			require.NoError(t, r.Close())
			path := filepath.Join("run", metricsTable)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, 2, strings.Count(string(text), "\n"))
			require.NoError(t, os.WriteFile(path, append(text, "2,torn"...), 0o666))

			again, err := Resume("run", ResumeOptions{})
			require.NoError(t, err)
			defer again.Close()
			history, err := again.Train(context.Background(), Hooks{})
			require.NoError(t, err)
			file, err := os.Open(path)
			require.NoError(t, err)
			defer file.Close()
			rows, err := csv.NewReader(file).ReadAll()
			require.NoError(t, err)
			require.Len(t, rows, 3)
			assert.Equal(t, c.header, strings.Join(rows[0], ","))
			assert.Equal(t, c.rates, [2]string{rows[1][2], rows[2][2]})
			last := history.Last
			for i, want := range []float64{2, last.Training.Accuracy, again.LearningRate(last.LearningRate), last.Training.Loss, last.Validation.Accuracy, last.Validation.Loss} {
				got, err := strconv.ParseFloat(rows[2][i], 64)
				require.NoError(t, err)
				assert.Equal(t, want, got, rows[0][i])
			}
		})
	}
}
