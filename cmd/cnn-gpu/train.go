package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/run"
)

func newTrainCommand() *cobra.Command {
	var (
		c               run.Config
		optimizer       optimizerChoice
		resume          string
		size            resizing
		anyway          bool
		metricsAddr     string
		profile, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "train [flags]",
		Short: "Train a model and keep what comes of it in a folder",
		Long: `Train a model on images and test it after each epoch.

With --validation 0.1, a tenth of the training images, chosen by the seed, is set apart and the model is measured on them after each
epoch, so that what you change in the light of it is not chosen by the test images: these are used once, at the end. A set that has
validation images of its own needs no flag.

` + picturesHelp + `

A model file may say how it is trained, in sections data and train whose keys are these flags with _ for -: "train: {epochs: 30, label_smoothing: 0.1}".
Flags override it; docs/recipes.md has more.
With --mean 0.49,0.48,0.45 --std 0.25,0.24,0.26 a pixel x, from 0 to 1, becomes (x-mean)/std before the model sees it, as torchvision's Normalize
does it; --standardize takes these numbers from the training images. The run keeps them: eval, predict, maps and --resume do the same.

The run's folder holds the weights (weights.safetensors) and those of the best epoch (weights-best.safetensors), how the run came about
(run.yaml), the model with all that it was trained with (recipe.yaml), the metrics of each epoch (metrics.jsonl and metrics.csv), how loss and accuracy went (curves.png), which class was taken for which
(confusion.png and confusion.csv) and the test images that the model is most wrongly sure about (misclassified.png).

Ctrl-C, SIGTERM and a closed terminal save the training where it is; --resume goes on from there and ends with the same weights as if
nothing had happened. A second Ctrl-C quits at once; SIGUSR1 saves and goes on. The same seed on the same device gives the same weights, bit for bit.

With --augment each training image is transformed at random, otherwise in every epoch: flip,crop:4,rotate:15 flips half of them, crops them out of
a border of 4 pixels and turns them by up to 15 degrees. What is drawn follows from the seed, the epoch and the image alone. mixup and
cutmix, behind all others, mix images and their labels. Images for validation and testing stay as they are. "cnn-gpu data show --help" lists the transformations, and its --augment draws what becomes of images.

With --schedule the learning rate changes: step multiplies it by gamma every so many epochs, exponential by gamma in each epoch, polynomial
and cosine take it down to end (0), cosine in so many cycles, one-cycle up (to max, a rate) and down, and plateau multiplies it by gamma when the loss on the
validation images, or without any on the test images, has not fallen for patience epochs. A schedule is for the epochs that the run begins
with; where a run goes on for longer, the rate stays as the schedule ends.

With --patience 3 the training stops when the loss on the validation images, or without any on the test images, has not fallen for 3 epochs;
weights-best.safetensors holds the weights of the best one, and with --restore-best the run ends with them.

With --from RUN the weights begin as those of another run's best epoch, and with --from FILE as those of a safetensors file; the model is theirs
unless --model names another, and images are normalized as theirs were unless --mean, --std or --standardize say otherwise. What is taken is said, and what does not fit by name and shape is refused, or with --partial drawn anew. Where the
classes are others the last layer is new; --head says otherwise. --freeze 'conv*' leaves the layers as they are whose names match, which takes
less time and memory: docs/fine-tuning.md.

A checkpoint is saved after each epoch and, within one, as often as --checkpoint-every says; the last two and the best are kept. --resume
takes the newest that is whole. It refuses other data and whatever else would change the weights, and shows the difference; --anyway
goes on. With --epochs, which counts from the start, a finished run goes on; with --device, a run goes on elsewhere, with other last bits.

Where standard output is a file or a pipe it gets the lines of the epochs; what else is said goes to standard error, and where that is no
terminal there is a line every 30 seconds within an epoch.

With --tensorboard, TensorBoard has something to show (tensorboard --logdir runs/mnist-cnn-digits/tensorboard): the curves of the metrics by
epoch and by step, the confusion matrix, the surest mistakes, filters and activation maps of up to ten epochs, the model as a graph, and the
settings. A run that is resumed goes on with it.

With --json, standard output gets one line for each epoch with epoch, loss, accuracy, test_loss, test_accuracy, images_per_second,
seconds and device, with --schedule the learning_rate, on a GPU waited (the share of the time in which it waited for the host), "stopped":true where --patience ends it, and a last line with "done":true and the folder as "out". With validation images, an epoch's line has val_loss
and val_accuracy in place of the test's, which the last line still has. With --profile there is a line before the last: "profile" lists the ops with layer, op, seconds, share, flops, bytes, gflops and gbs.`,
		Example: `  cnn-gpu train
  cnn-gpu train --data mnist --epochs 5 --seed 1
  cnn-gpu train --validation 0.1 --lr 0.002
  cnn-gpu train --data cifar10 --data-dir ~/cifar --model my.yaml --standardize
  cnn-gpu train --label-smoothing 0.1 --epochs 20
  cnn-gpu train --loss focal,gamma=1
  cnn-gpu train --data photos --model my.yaml --class-weights balanced
  cnn-gpu train --schedule cosine --warmup 100
  cnn-gpu train --data cifar10 --model my.yaml --augment flip,crop:4,cutout:8
  cnn-gpu train --data fashion-mnist --model lenet-5 --optimizer sgd --lr 0.05
  cnn-gpu train --data photos --model my.yaml
  cnn-gpu models show mnist-cnn > my.yaml && cnn-gpu train --model my.yaml
  cnn-gpu train --from runs/first --data photos --freeze 'conv*'
  cnn-gpu train --ema 0.999 --epochs 20
  cnn-gpu train --resume runs/mnist-cnn-digits
  cnn-gpu train --resume runs/mnist-cnn-digits --epochs 10
  cnn-gpu train --tensorboard
  cnn-gpu train --epochs 1 --profile
  cnn-gpu train --threads 1 > epochs.log
  cnn-gpu train --log-format json --metrics-addr :9090
  cnn-gpu train --json --out runs/first > epochs.jsonl`,
		Args: takes(0, 0, "cnn-gpu train takes flags alone, such as --model and --data"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("metrics-addr") {
				var err error
				if metricsAddr, err = metricsAddress(metricsAddr); err != nil {
					return err
				}
			}
			var from *recipe
			if c.From != "" && !cmd.Flags().Changed("model") {
				c.Model = "" // that of the weights, and no recipe
			} else if resume == "" {
				var err error
				if from, err = applyRecipe(cmd, c.Model); err != nil {
					return err
				}
			}
			c.Optimizer, c.OptimizerSettings, c.Clipping = optimizer.name, optimizer.settings, optimizer.clipping
			if err := size.apply(&c, resume != ""); err != nil {
				return from.explain(err)
			}
			if err := readClassWeights(&c.ClassWeights); err != nil {
				return from.explain(err)
			}
			var clearBar func()
			c.OnPicture, clearBar = pictureProgress(cmd)
			saves, stop := saveRequests()
			defer stop()
			r, err := openRun(cmd, c, resume, anyway)
			clearBar()
			if err != nil {
				return from.explain(err)
			}
			if resume == "" {
				r.KeepRecipe(recipeOf(cmd, r))
			}
			for _, note := range r.Notes() {
				fmt.Fprintln(cmd.ErrOrStderr(), note)
			}
			if err := checkForPictures(cmd, r.Config().Data, r.Pictures()); err != nil {
				return errors.Join(err, r.Close())
			}
			if batch := r.Config().Batch; resume == "" && batch < c.Batch {
				wording.English.Fprintf(cmd.ErrOrStderr(), "The batch is %d, not %d: there are no more training images.\n", batch, c.Batch)
			}
			metrics, err := serveMetrics(metricsAddr, r)
			if err != nil {
				return errors.Join(err, r.Close())
			}
			if metrics.server != nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "Metrics: http://%s%s\n", metrics.server.Addr, metricsPath)
			}
			return errors.Join(trainRun(cmd, r, saves, metrics, profile, asJSON), metrics.close(), r.Close())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	modelFlag(cmd, &c.Model)
	f.StringVar(&c.From, "from", "", "begin with the weights of this `run` (those of its best epoch) or safetensors file, and without --model with its model (default: drawn weights)")
	f.StringVar(&c.Head, "head", "", "give the model a new last layer: a `number` of classes, or new for those of the data; keep for none (default: with --from, new where the classes are others)")
	f.BoolVar(&c.Partial, "partial", false, "with --from, take the weights that the model has by name and shape, and draw the others")
	f.StringVar(&c.Freeze, "freeze", "", "leave the layers as they are whose names match these `patterns`, such as conv*,dense; none for none (default: what the model says)")
	f.StringVar(&c.Data, "data", "digits", "a data `set` (see cnn-gpu data) or a folder of pictures or IDX files, a list of pictures, or a .npz file")
	f.StringVar(&c.DataDir, "data-dir", "", "the `folder` that holds the data set's files (default: where cnn-gpu data fetch puts them)")
	f.Float64Var(&c.Validation, "validation", 0, "the `share` of the training images to set apart for validation, such as 0.1 (default: none)")
	f.Float64Var(&c.Split, "split", 0, fmt.Sprintf("the `share` of pictures, or of the arrays x and y, to set apart for testing, where there are no test images (default %v)", data.DefaultTestShare))
	f.StringVar(&size.resize, "resize", "", "the `size` that pictures become, such as 32x32 (width x height; default: the model's input, which it has to be), or as shorter:256 the length of their shorter side")
	f.StringVar(&size.crop, "crop", "", "with --resize shorter:256, the `size` that is cut out of their middle, such as 224 or 320x224 (default: the model's input, which it has to be)")
	f.BoolVar(&c.StrictData, "strict-data", false, "fail where a picture cannot be read, instead of leaving it out")
	f.StringVar(&c.Augment, "augment", "", "transform the training images at random: `words` with their settings, such as flip,crop:4 (see cnn-gpu data show --help)")
	f.BoolVar(&c.Stream, "stream", false, streamHelp)
	normalizationFlags(cmd, &c)
	f.IntVar(&c.Epochs, "epochs", 5, "how many `times` to go through the training images")
	f.IntVar(&c.Batch, "batch", 32, "the `number` of images in a step")
	optimizer.flags(cmd, "the `method`")
	f.Float64Var(&c.LearningRate, rateFlag, 0, "the learning `rate` (default: the optimizer's: "+defaultRates()+")")
	emaFlags(cmd, &c.EMA)
	lossFlags(cmd, &c.Loss, &c.LabelSmoothing)
	f.StringVar(&c.ClassWeights, "class-weights", "", "how much each class counts, by its `weights`: balanced, such pairs as 0:1,1:2.5, or a file of a JSON object (default: all the same)")
	f.StringVar(&c.Schedule, "schedule", "", "how the learning rate changes, a `word` and what it is set to, such as cosine or step,every=2,gamma=0.5: "+train.ScheduleHelp()+" (default: constant)")
	f.IntVar(&c.WarmUp, "warmup", 0, "the `number` of steps in which the learning rate grows evenly, before the schedule begins (default: none)")
	f.IntVar(&c.Patience, "patience", 0, "stop early when the loss after an epoch has not fallen for this `number` of epochs (default: never)")
	f.BoolVar(&c.RestoreBest, "restore-best", false, "end with the weights of the best epoch, the one with the lowest loss after it, instead of the last one's")
	f.Uint64Var(&c.Seed, "seed", 1, "a `number` that chooses the first weights and the order of the images")
	f.BoolVar(&c.Strict, "strict", false, "compute every sum as it stands: slower, and rounded less (see summary --passes)")
	precisionFlag(cmd, &c.Precision)
	deviceFlag(cmd, &c.Device)
	deviceOptionFlags(cmd, &c.DeviceOptions)
	f.StringVar(&c.Out, "out", "", "the run's `folder` (default: runs/MODEL-DATA, numbered if there is one)")
	tensorBoardFlag(f, &c.TensorBoard)
	f.StringVar(&c.CheckpointEvery, "checkpoint-every", run.DefaultCheckpointEvery, "save a checkpoint within an epoch after this `time`, such as 10m, or number of steps, such as 500")
	f.StringVar(&resume, "resume", "", "go on with the run in this `folder`: one that was interrupted, or with --epochs one that is finished")
	f.BoolVar(&anyway, "anyway", false, "with --resume, go on where the weights will not be those that the run would have had")
	f.BoolVar(&profile, "profile", false, profileHelp)
	f.BoolVar(&asJSON, "json", false, "print a line of JSON for each epoch")
	f.String(logFormatFlag, "text", "how standard error tells what happens: `text`, or json for an object a line")
	f.StringVar(&metricsAddr, "metrics-addr", "", "serve figures to Prometheus at this `address`; :9090 is this machine's alone (default: none)")
	completeFrom(cmd, "schedule", train.ScheduleNames()...)
	completeFrom(cmd, "augment", augment.Words()...)
	completeFrom(cmd, logFormatFlag, "text", "json")
	completeFrom(cmd, "data", data.Names()...)
	completeFlagWithRun(cmd, "resume")
	completeFlagWithRun(cmd, "from")
	return cmd
}

// openRun begins a run or opens one that is to go on.
func openRun(cmd *cobra.Command, c run.Config, resume string, anyway bool) (*run.Run, error) {
	flags := cmd.Flags()
	if flags.Changed("resume") {
		return resumeRun(cmd, c, resume, anyway)
	}
	if anyway {
		return nil, usageErrorf("--anyway goes on with a run that would end with other weights: it needs --resume")
	}
	if err := checkConfig(c, flags.Changed); err != nil {
		return nil, err
	}
	return run.New(c)
}

// readClassWeights puts the content of a file in place of its name: a run goes on without the file.
func readClassWeights(weights *string) error {
	if info, err := os.Stat(*weights); *weights == "" || *weights == data.Balanced || err != nil || info.IsDir() {
		return nil
	}
	text, err := os.ReadFile(*weights)
	if err != nil {
		return fmt.Errorf("--class-weights: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return fmt.Errorf("--class-weights %s: %w; expected a JSON object such as {\"cat\": 1, \"dog\": 2.5}", *weights, err)
	}
	*weights = compact.String()
	return nil
}

func checkConfig(c run.Config, given func(flag string) bool) error {
	switch {
	case c.Partial && c.From == "":
		return usageErrorf("--partial takes what fits of the weights of another run: it needs --from")
	case c.Epochs < 1:
		return usageErrorf("--epochs %d: give at least 1", c.Epochs)
	case c.Batch < 1:
		return usageErrorf("--batch %d: give at least 1", c.Batch)
	case given("validation") && !(c.Validation > 0 && c.Validation < 1):
		return usageErrorf("--validation %v: give a share above 0 and below 1, such as 0.1", c.Validation)
	case given("split") && !(c.Split > 0 && c.Split < 1):
		return usageErrorf("--split %v: give a share above 0 and below 1, such as %v", c.Split, data.DefaultTestShare)
	case c.Standardize && !c.Normalization.IsZero():
		return usageErrorf("--standardize takes mean and standard deviation from the training images: leave out --mean and --std")
	case c.Patience < 0:
		return patienceError(c.Patience)
	case given("warmup") && c.WarmUp < 1:
		return usageErrorf("--warmup %d: give at least 1 step, or leave the flag out", c.WarmUp)
	case given("label-smoothing") && !(c.LabelSmoothing >= 0 && c.LabelSmoothing < 1):
		return usageErrorf("--label-smoothing %v: give a number from 0 to below 1, such as 0.1", c.LabelSmoothing)
	case given("lr") && !(c.LearningRate > 0):
		return usageErrorf("--lr %v: give a number above 0, such as 0.001", c.LearningRate)
	}
	if err := checkPrecision(c.Strict, c.Precision); err != nil {
		return err
	}
	if given("checkpoint-every") {
		if err := checkInterval(c.CheckpointEvery); err != nil {
			return err
		}
	}
	if err := checkEMA(c.EMA, given); err != nil {
		return err
	}
	if err := run.CheckHead(c.Head); err != nil {
		return usageErrorf("--head %w", err)
	}
	if _, err := c.Pipeline(); err != nil {
		return usageErrorf("--augment %s: %w", c.Augment, err)
	}
	if _, err := c.TrainOptions(); err != nil {
		return &usageError{err}
	}
	return nil
}
