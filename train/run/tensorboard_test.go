package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train"
	"cnn-gpu/train/internal/traintest"
)

// shown is what TensorBoard shows of a folder: the steps and, of a scalar, the values under each tag.
type shown map[string][]point

type point struct {
	Step  int64   `json:"step"`
	Value float32 `json:"value"`
}

// shownOf goes by the rules of TensorBoard: a session that starts at a step puts aside what there is from that step on.
func shownOf(t *testing.T, folder string) shown {
	t.Helper()
	s := shown{}
	for _, e := range traintest.ReadEvents(t, folder) {
		if e.Starts {
			for tag, points := range s {
				kept := points[:0]
				for _, p := range points {
					if p.Step < e.Step {
						kept = append(kept, p)
					}
				}
				s[tag] = kept
			}
		}
		if e.Graph != nil {
			e.Tag = "graph"
		}
		if e.Tag == "" {
			continue
		}
		p := point{Step: e.Step}
		if e.Scalar != nil {
			p.Value = *e.Scalar
		}
		if e.Image != nil {
			_, err := png.Decode(bytes.NewReader(e.Image))
			assert.NoError(t, err, e.Tag)
		}
		s[e.Tag] = append(s[e.Tag], p)
	}
	return s
}

func (s shown) steps(tag string) (steps []int64) {
	for _, p := range s[tag] {
		steps = append(steps, p.Step)
	}
	return steps
}

func boardConfig(t *testing.T) Config {
	c := config(t)
	c.TensorBoard, c.Out = TensorBoardFolder, "run"
	return c
}

func TestTensorBoard(t *testing.T) {
	c := boardConfig(t)
	c.Validation = 0.25
	r := start(t, c)
	_, err := r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join("run", "tensorboard"), r.TensorBoard())
	training, watched := shownOf(t, "run/tensorboard/train"), shownOf(t, "run/tensorboard/validation")
	for i, e := range r.Trainer().History() {
		assert.Equal(t, point{int64(e.Epoch), float32(e.Training.Loss)}, training["epoch_loss"][i])
		assert.Equal(t, point{int64(e.Epoch), float32(e.Training.Accuracy)}, training["epoch_accuracy"][i])
		assert.Equal(t, point{int64(e.Epoch), float32(e.ImagesPerSecond)}, training["epoch_images_per_second"][i])
		assert.Equal(t, point{int64(e.Epoch), 0.001}, training["epoch_learning_rate"][i], "Adam's")
		assert.Equal(t, point{int64(e.Epoch), float32(e.Validation.Loss)}, watched["epoch_loss"][i])
		assert.Equal(t, point{int64(e.Epoch), float32(e.Validation.Accuracy)}, watched["epoch_accuracy"][i])
	}
	for _, tag := range []string{"filters", "activation_maps"} {
		assert.Equal(t, []int64{1, 2}, training.steps(tag), tag)
	}
	for _, tag := range []string{"confusion", "misclassified"} {
		assert.Equal(t, []int64{1, 2}, watched.steps(tag), tag)
	}
	for _, tag := range []string{"graph", "model", "run"} {
		assert.Equal(t, []int64{0}, training.steps(tag), tag)
	}
	last := float32(r.Trainer().History()[1].Training.Loss)
	assert.Contains(t, shownOf(t, "run/tensorboard/steps")["batch_loss"], point{4, last}, "at the end of each epoch, of two steps")
	assert.Equal(t, []int64{0}, shownOf(t, "run/tensorboard").steps("_hparams_/session_start_info"))

	c.Out, c.TensorBoard = "another", filepath.Join(t.TempDir(), "events")
	require.NoError(t, os.CopyFS(c.TensorBoard, os.DirFS("run/tensorboard")))
	_, err = New(c)
	assert.ErrorContains(t, err, "events holds the events of another run; give another folder")
	assert.NoDirExists(t, "another")
}

// A run that goes on takes the place of what was written after its checkpoint, and has each epoch once.
func TestTensorBoardOfAResumedRun(t *testing.T) {
	c := boardConfig(t)
	r := start(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := r.Train(ctx, Hooks{OnEpoch: func(train.Epoch) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, []int64{1}, shownOf(t, "run/tensorboard/train").steps("epoch_loss"))
	checkpoint, err := os.ReadFile(filepath.Join("run", checkpointFile))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	for range 2 { // the second time from the checkpoint of the first epoch again, when there are events of the second
		require.NoError(t, os.WriteFile(filepath.Join("run", checkpointFile), checkpoint, 0o666))
		r, err := Resume("run", ResumeOptions{})
		require.NoError(t, err)
		_, err = r.Train(context.Background(), Hooks{})
		require.NoError(t, err)
		require.NoError(t, r.Close())
		training := shownOf(t, "run/tensorboard/train")
		assert.Equal(t, []int64{1, 2}, training.steps("epoch_loss"))
		assert.Equal(t, []int64{1, 2}, training.steps("filters"))
		assert.Equal(t, []int64{0}, training.steps("graph"))
		steps := shownOf(t, "run/tensorboard/steps").steps("batch_loss")
		assert.IsIncreasing(t, steps)
		assert.Equal(t, int64(4), steps[len(steps)-1])
	}

	// Events that are asked for later begin with the curves of all epochs.
	later := filepath.Join(t.TempDir(), "later")
	r, err = Resume("run", ResumeOptions{TensorBoard: &later, Epochs: 3})
	require.NoError(t, err)
	_, err = r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	require.NoError(t, r.Close())
	assert.Equal(t, []int64{1, 2, 3}, shownOf(t, filepath.Join(later, "test")).steps("epoch_loss"))
	assert.Equal(t, []int64{1, 2}, shownOf(t, "run/tensorboard/train").steps("epoch_loss"))
}

// A step has one point, though the progress of an epoch's last step is told twice where it is time to.
func TestTensorBoardHasAStepOnce(t *testing.T) {
	c := boardConfig(t)
	r := start(t, c)
	b, err := r.openBoard()
	require.NoError(t, err)
	for _, batch := range []int{1, 1, 2, 2} {
		b.progress(train.Progress{Epoch: 1, Batch: batch, Batches: 2})
	}
	require.NoError(t, b.flush())
	assert.Equal(t, []int64{1, 2}, shownOf(t, "run/tensorboard/steps").steps("batch_loss"))
}

// Pictures are drawn in the first epoch, the last, and about ten between them.
func TestTensorBoardPicturesAreFew(t *testing.T) {
	c := boardConfig(t)
	c.Epochs = 31
	r := start(t, c)
	_, err := r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 4, 8, 12, 16, 20, 24, 28, 31}, shownOf(t, "run/tensorboard/test").steps("confusion"))
}

// What cannot be written does not end the training, and is written when it can be.
func TestTensorBoardThatCannotBeWritten(t *testing.T) {
	c := boardConfig(t)
	c.Epochs = 3
	r := start(t, c)
	file := filepath.Join("run", "tensorboard")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	var warnings []string
	_, err := r.Train(context.Background(), Hooks{
		OnWarning: func(err error) { warnings = append(warnings, err.Error()) },
		OnEpoch: func(e train.Epoch) {
			if e.Epoch == 3 {
				require.NoError(t, os.Remove(file))
			}
		},
	})
	require.NoError(t, err)
	require.NotEmpty(t, warnings)
	assert.Contains(t, warnings[0], "tensorboard could not be saved; the training goes on")
	assert.Equal(t, []int64{1, 2, 3}, shownOf(t, "run/tensorboard/train").steps("epoch_loss"))
}

// repository is where the tests begin; they go elsewhere.
var repository, _ = filepath.Abs("../..")

// realTensorBoard runs Python with the TensorBoard that `make tensorboard` brings, on what it is given; it prints JSON.
func realTensorBoard(t *testing.T, script string, result any, args ...string) {
	t.Helper()
	library := filepath.Join(repository, ".cache", "tensorboard")
	if _, err := os.Stat(library); err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "tensorboard") {
			t.Fatalf("TensorBoard is required: %v", err)
		}
		t.Skip("TensorBoard is not here: make tensorboard brings it")
	}
	c := exec.Command("python3", append([]string{"-c", script}, args...)...)
	c.Env = append(os.Environ(), "PYTHONPATH="+library, "PYTHONDONTWRITEBYTECODE=1")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	output, err := c.Output()
	require.NoError(t, err, "%s", &stderr)
	require.NoError(t, json.Unmarshal(output, result), "%s", output)
}

// The real TensorBoard reads what a run that was interrupted and went on has written.
func TestTheRealTensorBoard(t *testing.T) {
	const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, IMAGES, SCALARS, TENSORS
from tensorboard.plugins.hparams import metadata
result = {}
for folder in sys.argv[1:]:
    events = EventAccumulator(folder, size_guidance={IMAGES: 0, SCALARS: 0, TENSORS: 0})
    events.Reload()
    tags = events.Tags()
    result[folder] = {
        "scalars": {tag: [{"step": s.step, "value": s.value} for s in events.Scalars(tag)] for tag in tags["scalars"]},
        "images": {tag: [[i.step, i.width, i.height] for i in events.Images(tag)] for tag in tags["images"]},
        "texts": {tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode()
            for tag in tags["tensors"] if events.SummaryMetadata(tag).plugin_data.plugin_name == "text"},
        "nodes": [[n.name, n.op, list(n.input), [d.size for d in n.attr["_output_shapes"].list.shape[0].dim]] for n in events.Graph().node] if tags["graph"] else [],
        "settings": {name: getattr(value, value.WhichOneof("kind")) for tag in tags["tensors"] for name, value in
            metadata.parse_session_start_info_plugin_data(events.SummaryMetadata(tag).plugin_data.content).hparams.items()} if folder == sys.argv[1] else {},
    }
print(json.dumps(result))
`
	c := boardConfig(t)
	c.LabelSmoothing = 0.1
	r := start(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := r.Train(ctx, Hooks{OnEpoch: func(train.Epoch) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r.Close())
	r, err = Resume("run", ResumeOptions{})
	require.NoError(t, err)
	_, err = r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	require.NoError(t, r.Close())

	folders := []string{"run/tensorboard", "run/tensorboard/train", "run/tensorboard/test", "run/tensorboard/steps"}
	var result map[string]struct {
		Scalars  shown               `json:"scalars"`
		Images   map[string][][3]int `json:"images"`
		Texts    map[string]string   `json:"texts"`
		Nodes    [][]any             `json:"nodes"`
		Settings map[string]any      `json:"settings"`
	}
	realTensorBoard(t, script, &result, folders...)
	for _, folder := range folders[1:] {
		for tag, points := range result[folder].Scalars {
			assert.Equal(t, shownOf(t, folder)[tag], points, "%s %s", folder, tag)
		}
	}
	assert.Len(t, result[folders[1]].Scalars, 4)
	assert.Len(t, result[folders[2]].Scalars, 2)
	assert.Len(t, result[folders[3]].Scalars, 4)
	for _, tag := range []string{"filters", "activation_maps"} {
		assert.Len(t, result[folders[1]].Images[tag], 2, tag)
	}
	for _, tag := range []string{"confusion", "misclassified"} {
		images := result[folders[2]].Images[tag]
		require.Len(t, images, 2, tag)
		assert.Greater(t, images[0][1], 100, "its width")
	}
	assert.Contains(t, result[folders[1]].Texts["model"], "conv2d")
	assert.Contains(t, result[folders[1]].Texts["run"], "label_smoothing: 0.1")
	nodes := fmt.Sprint(result[folders[1]].Nodes)
	assert.Contains(t, nodes, "[conv2d/relu Activation [conv2d] [-1 13 13 4]] [max_pooling2d MaxPooling2D [conv2d/relu] [-1 6 6 4]]")
	settings := result[folders[0]].Settings
	assert.Subset(t, settings, map[string]any{
		"batch": 20., "epochs": 2., "learning_rate": 0.001, "label_smoothing": 0.1, "optimizer": "adam", "seed": 1., "strict": false, "device": "cpu",
	})
	assert.Contains(t, settings["model"], "tiny.yaml")
}
