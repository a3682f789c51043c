package run

import (
	"cmp"
	"maps"
	"strconv"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
)

// Config says what is trained on what and how.
type Config struct {
	Model        string  `json:"model"`             // of the zoo, or a file; if empty, that of From
	From         string  `json:"from,omitempty"`    // a run's folder or a weights file whose weights it begins with; drawn ones if empty
	Head         string  `json:"head,omitempty"`    // the classes of a new last layer: a number, NewHead for those of the data, or KeepHead; with From, new if empty and where the classes are others
	Partial      bool    `json:"partial,omitempty"` // see [model.TransferOptions]
	Freeze       string  `json:"freeze,omitempty"`  // the patterns of [model.Model.Freeze] with commas between, or NoLayers; as the model says if empty
	Data         string  `json:"data"`              // of the catalogue, or a folder
	DataDir      string  `json:"data_dir,omitempty"`
	Validation   float64 `json:"validation,omitempty"`  // the share of the training images that the seed sets apart, see [data.Split]
	Split        float64 `json:"split,omitempty"`       // the share that the seed sets apart for testing where there are no test images, see [data.PictureSetOptions]
	StrictData   bool    `json:"strict_data,omitempty"` // see [data.PictureSetOptions]
	Shorter      int     `json:"shorter,omitempty"`     // see [data.PictureSetOptions]
	Augment      string  `json:"augment,omitempty"`     // how the training images are transformed, as [augment.Parse] takes it; not at all if empty
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"` // at most the training images
	Optimizer    string  `json:"optimizer"`
	LearningRate float64 `json:"learning_rate,omitempty"` // the optimizer's default if 0
	// OptimizerSettings are the others, as [train.OptimizerByName] takes them.
	OptimizerSettings train.Settings `json:"optimizer_settings,omitempty"`
	Clipping          train.Clipping `json:"clipping,omitzero"`
	EMA               train.EMA      `json:"ema,omitzero"`
	Schedule          string         `json:"schedule,omitempty"`        // of the learning rate, as [train.ParseSchedule] takes it; constant if empty
	WarmUp            int            `json:"warm_up,omitempty"`         // steps
	ScheduleEpochs    int            `json:"schedule_epochs,omitempty"` // those that the run began with, where there is a schedule
	Patience          int            `json:"patience,omitempty"`        // see [train.FitOptions]
	Loss              string         `json:"loss,omitempty"`            // as [train.ParseLoss] takes it; sparse_categorical_crossentropy if empty
	RestoreBest       bool           `json:"restore_best,omitempty"`    // end with the weights of the best epoch
	// LabelSmoothing is that of the loss, see [train.SparseCategoricalCrossEntropy].
	LabelSmoothing float64           `json:"label_smoothing,omitempty"`
	ClassWeights   string            `json:"class_weights,omitempty"` // as [data.ClassWeights] takes them; none if empty
	Seed           uint64            `json:"seed"`
	Strict         bool              `json:"strict"`              // see [train.Options]
	Precision      kernels.Precision `json:"precision,omitempty"` // likewise
	Device         string            `json:"device"`
	Out            string            `json:"-"` // runs/MODEL-DATA if empty, numbered if that is taken

	// TensorBoard is the folder of the events for TensorBoard, absolute or in the run's folder, such as [TensorBoardFolder]; none if empty.
	TensorBoard string `json:"tensorboard,omitempty"`
	// Normalization of the images. Where there is none, it is that of the training images if Standardize says so, else that of From's images.
	Normalization data.Normalization `json:"normalization,omitzero"`
	Standardize   bool               `json:"standardize,omitempty"`

	CheckpointEvery string         `json:"checkpoint_every,omitempty"` // within an epoch, see [ParseInterval]; DefaultCheckpointEvery if empty
	DeviceOptions   device.Options `json:"-"`                          // they change no result, so a resumed run may have others

	Stream    bool                        `json:"-"` // that of [data.PictureSetOptions]; it changes no result
	OnPicture func(done, total int) error `json:"-"` // the Progress of [data.PictureSetOptions]
}

// pictures says how the run's data is read where it is pictures.
func (c Config) pictures(m *model.Model) data.PictureSetOptions {
	return data.PictureSetOptions{Shape: m.Input.Shape, Shorter: c.Shorter, TestShare: c.Split, Seed: c.Seed, Strict: c.StrictData, Stream: c.Stream, Progress: c.OnPicture}
}

// loss is what the run makes as small as it can.
func (c Config) loss() (train.Loss, error) {
	text := cmp.Or(c.Loss, train.SparseCategoricalCrossEntropy{}.Name())
	if c.LabelSmoothing != 0 {
		text += ",label_smoothing=" + strconv.FormatFloat(c.LabelSmoothing, 'g', -1, 64)
	}
	return train.ParseLoss(text)
}

// Pipeline transforms the training images; nil if they are not. It is checked.
func (c Config) Pipeline() (*augment.Pipeline, error) {
	if c.Augment == "" {
		return nil, nil
	}
	return augment.Parse(c.Augment)
}

// TrainOptions are the options of the training, but for the device and what the data says: the targets and the weights. They are checked.
func (c Config) TrainOptions() (train.Options, error) {
	settings := maps.Clone(c.OptimizerSettings)
	if c.LearningRate != 0 {
		if settings == nil {
			settings = train.Settings{}
		}
		settings["learning_rate"] = c.LearningRate
	}
	optimizer, err := train.OptimizerByName(c.Optimizer, settings)
	if err == nil {
		err = cmp.Or(c.Clipping.Check(), c.EMA.Check())
	}
	var loss train.Loss
	if err == nil {
		loss, err = c.loss()
	}
	var schedule train.Schedule
	if err == nil && c.Schedule != "" {
		schedule, err = train.ParseSchedule(c.Schedule)
	}
	return train.Options{
		Optimizer: optimizer, Loss: loss, Normalization: c.Normalization, Clipping: c.Clipping, EMA: c.EMA, Schedule: schedule, WarmUp: c.WarmUp,
		Metrics: []train.Metric{train.Accuracy}, Seed: c.Seed, Strict: c.Strict, Precision: c.Precision,
	}, err
}

// scheduleEnds says whether the learning rate depends on how many epochs the schedule is for.
func (c Config) scheduleEnds() bool {
	s, err := train.ParseSchedule(c.Schedule)
	return err == nil && s.Ends()
}

func (c Config) hasSchedule() bool { return c.Schedule != "" || c.WarmUp != 0 }
