package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/plot"
	"cnn-gpu/train/tensorboard"
)

// TensorBoardFolder is where the events for TensorBoard are in a run's folder.
const TensorBoardFolder = "tensorboard"

const (
	boardStepEvery = time.Second // the least time between two points of a curve over steps
	boardPictures  = 10          // about how often in a run pictures are drawn: TensorBoard shows as many
)

// board gives TensorBoard a run to show. What is counted by epochs and what is counted by steps has folders of its own, so that what a run that
// goes on does again takes the place of what it did before.
type board struct {
	run      *Run
	dir      string
	settings *tensorboard.Writer // the folder of all: TensorBoard looks for the curves of a row of its table below it
	training *tensorboard.Writer // by epoch
	watched  *tensorboard.Writer // by epoch: on the images that are looked at after each
	steps    *tensorboard.Writer
	answers  *answers // to the images after the epoch under way
	step     int64    // of the last point over steps
	stepAt   time.Time
}

// TensorBoard is the folder that TensorBoard is to be given; empty if nothing is written for it.
func (r *Run) TensorBoard() string {
	if dir := r.config.TensorBoard; dir == "" || filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(r.Dir(), r.config.TensorBoard)
}

// checkBoard refuses a folder for a new run's events that holds others.
func (c Config) checkBoard() error {
	if !filepath.IsAbs(c.TensorBoard) {
		return nil
	}
	holds, err := holdsEvents(c.TensorBoard)
	if err == nil && holds {
		err = fmt.Errorf("%s holds the events of another run; give another folder", c.TensorBoard)
	}
	if err != nil {
		return fmt.Errorf("run: tensorboard: %w", err)
	}
	return nil
}

// holdsEvents says whether there are event files in a folder or right below it.
func holdsEvents(dir string) (bool, error) {
	for _, pattern := range []string{"*", "*/*"} {
		files, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return false, err
		}
		for _, file := range files {
			if tensorboard.IsEventFile(filepath.Base(file)) {
				return true, nil
			}
		}
	}
	return false, nil
}

// openBoard begins the events of the run, from where it is on.
func (r *Run) openBoard() (*board, error) {
	dir := r.TensorBoard()
	if dir == "" {
		return nil, nil
	}
	holds, err := holdsEvents(dir)
	if err != nil {
		return nil, fmt.Errorf("run: tensorboard: %w", err)
	}
	at := r.trainer.Position()
	epoch := int64(at.Epoch) + 1
	b := &board{
		run: r, dir: dir, answers: newAnswers(r.watched()),
		settings: tensorboard.New(dir, 0),
		training: tensorboard.New(filepath.Join(dir, "train"), epoch),
		watched:  tensorboard.New(filepath.Join(dir, r.watchedName()), epoch),
		steps:    tensorboard.New(filepath.Join(dir, "steps"), int64(at.Epoch*r.batches()+at.Batch)+1),
	}
	settings, err := r.provenance.yaml()
	if err != nil {
		return nil, err
	}
	b.training.Text(epoch-1, "run", fenced(settings))
	if !holds || at == (train.Position{}) {
		b.training.Text(0, "model", fenced(r.trainer.Model().Summary(r.config.Batch)))
		b.training.Graph(graphOf(r.trainer.Model()))
		if err := b.hyperParameters(); err != nil {
			return nil, err
		}
		for _, e := range r.trainer.History() {
			b.curves(e)
		}
	}
	return b, nil
}

// batches are those of an epoch.
func (r *Run) batches() int { return kernels.CeilDiv(r.training.Len(), r.config.Batch) }

// fenced is a text as it stands, in Markdown.
func fenced(text string) string { return "```\n" + strings.TrimRight(text, "\n") + "\n```\n" }

// graphOf is a model as TensorBoard takes it, where an activation stands beside its layer.
func graphOf(m *model.Model) (nodes []tensorboard.Node) {
	for _, n := range m.Nodes {
		node := tensorboard.Node{Name: n.Name, Op: n.Kind(), Shape: append([]int{-1}, n.Shape...)}
		for _, in := range n.Inputs {
			node.Inputs = append(node.Inputs, in.Name)
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// hyperParameters are the run's settings, those of the optimizer under their own names.
func (b *board) hyperParameters() error {
	text, err := json.Marshal(b.run.config)
	if err != nil {
		return fmt.Errorf("run: tensorboard: %w", err)
	}
	var settings map[string]any
	if err := json.Unmarshal(text, &settings); err != nil {
		return fmt.Errorf("run: tensorboard: %w", err)
	}
	flat := map[string]any{}
	for name, value := range settings {
		if group, isGroup := value.(map[string]any); isGroup {
			for name, value := range group {
				flat[name] = value
			}
			continue
		}
		flat[name] = value
	}
	delete(flat, "tensorboard")
	flat["learning_rate"] = b.run.baseRate()
	b.settings.HyperParameters(flat)
	return nil
}

// follow adds what happens in a Fit. Pictures that cannot be made are warned of.
func (b *board) follow(o *train.FitOptions, warn func(error)) {
	onProgress, onEpoch := o.OnProgress, o.OnEpoch
	o.OnProgress = func(p train.Progress) {
		b.progress(p)
		onProgress(p)
	}
	o.OnPrediction = func(i int, label int32, probabilities []float32) { b.answers.add(i, label, probabilities) }
	o.OnEpoch = func(e train.Epoch) error {
		warn(b.epoch(e))
		return onEpoch(e)
	}
}

// progress adds points to the curves over steps.
func (b *board) progress(p train.Progress) {
	step := int64((p.Epoch-1)*p.Batches + p.Batch)
	if step == b.step || p.Batch < p.Batches && time.Since(b.stepAt) < boardStepEvery {
		return
	}
	b.step, b.stepAt = step, time.Now()
	b.steps.Scalar(step, "batch_loss", p.Result.Loss)
	b.steps.Scalar(step, "batch_accuracy", p.Result.Accuracy)
	b.steps.Scalar(step, "batch_learning_rate", b.run.LearningRate(p.LearningRate))
	b.steps.Scalar(step, "batch_images_per_second", p.ImagesPerSecond)
}

// epoch adds what an epoch achieved, and pictures of it where it is time to.
func (b *board) epoch(e train.Epoch) error {
	b.curves(e)
	answers := b.answers
	b.answers = newAnswers(answers.set)
	epochs := b.run.config.Epochs
	if e.Epoch != 1 && e.Epoch < epochs && !e.Stopped && e.Epoch%kernels.CeilDiv(epochs, boardPictures) != 0 {
		return nil
	}
	if err := b.pictures(int64(e.Epoch), answers); err != nil {
		return fmt.Errorf("run: tensorboard: %w", err)
	}
	return nil
}

// curves adds points to the curves over epochs, under the names of Keras's callback.
func (b *board) curves(e train.Epoch) {
	step := int64(e.Epoch)
	b.training.Scalar(step, "epoch_loss", e.Training.Loss)
	b.training.Scalar(step, "epoch_accuracy", e.Training.Accuracy)
	b.training.Scalar(step, "epoch_learning_rate", b.run.LearningRate(e.LearningRate))
	b.training.Scalar(step, "epoch_images_per_second", e.ImagesPerSecond)
	if e.Waited != nil {
		b.training.Scalar(step, "epoch_gpu_waited", *e.Waited)
	}
	if v := e.Validation; v != nil {
		b.watched.Scalar(step, "epoch_loss", v.Loss)
		b.watched.Scalar(step, "epoch_accuracy", v.Accuracy)
	}
}

// pictures adds the first convolution's filters and what it makes of an image and, where each image has one class, the confusion matrix and the surest mistakes.
func (b *board) pictures(step int64, a *answers) error {
	if data.TargetsOf(a.set) == data.ClassLabels {
		if err := b.answered(step, a); err != nil {
			return err
		}
	}
	m := b.run.trainer.Model()
	for _, n := range m.Nodes[1:] {
		for _, p := range n.Layer.Params() {
			if len(p.Shape) == 4 && len(n.Shape) == 3 {
				return b.convolution(step, n, p)
			}
		}
	}
	return nil
}

// answered adds the confusion matrix and the surest mistakes.
func (b *board) answered(step int64, a *answers) error {
	if err := b.picture(b.watched, step, "confusion", a.drawConfusion); err != nil || len(a.wrong) == 0 {
		return err
	}
	sheet, err := a.mistakes()
	if err != nil {
		return err
	}
	return b.picture(b.watched, step, "misclassified", sheet)
}

// convolution adds a convolution's filters and its maps of the first image that is looked at.
func (b *board) convolution(step int64, n *model.Node, kernel *model.Param) error {
	t := b.run.trainer
	filters, err := t.Param(kernel)
	if err != nil {
		return err
	}
	tiles, scale, err := plot.Filters(filters, kernel.Shape[0], kernel.Shape[1], kernel.Shape[2], kernel.Shape[3])
	if err != nil {
		return err
	}
	options := plot.SheetOptions{Title: fmt.Sprintf("%s: filters", n.Name), Scale: scale}
	if err := b.picture(b.training, step, "filters", func(w io.Writer) error { return plot.Sheet(w, options, tiles) }); err != nil {
		return err
	}
	output, err := t.Model().LayerOutput(n.Name)
	if err != nil {
		return err
	}
	x := make([]float32, t.Model().Input.Shape.Elements())
	label, err := b.answers.set.Example(0, x)
	if err != nil {
		return err
	}
	shown, err := data.LabelsOf(b.answers.set, 0, label)
	if err != nil {
		return err
	}
	values, err := t.Values(x, output)
	if err != nil {
		return err
	}
	maps, err := plot.Maps(values[output], output.Shape[0], output.Shape[1], output.Shape[2])
	if err != nil {
		return err
	}
	options = plot.SheetOptions{Title: fmt.Sprintf("%s: activation maps of %s", output.Name, Shown(b.answers.classes, shown)), Scale: plot.Signed}
	return b.picture(b.training, step, "activation_maps", func(w io.Writer) error { return plot.Sheet(w, options, maps) })
}

// picture adds a picture, unless it cannot be drawn though its values are right.
func (b *board) picture(w *tensorboard.Writer, step int64, tag string, draw func(io.Writer) error) error {
	var file bytes.Buffer
	err := draw(&file)
	if errors.As(err, new(*plot.UndrawableError)) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.Image(step, tag, file.Bytes())
}

// flush writes the events that are not on the disk yet.
func (b *board) flush() error {
	for _, w := range []*tensorboard.Writer{b.settings, b.training, b.watched, b.steps} {
		if err := w.Flush(); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	return nil
}
