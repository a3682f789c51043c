package run

import "cnn-gpu/train"

// Record is an epoch as a line of metrics.jsonl and of `train --json`. Each epoch of a run has either the validation's figures or, where
// no images were set apart for it, the test's.
type Record struct {
	Epoch           int      `json:"epoch"`
	Loss            float64  `json:"loss"`
	Accuracy        float64  `json:"accuracy"`
	LearningRate    float64  `json:"learning_rate,omitempty"` // of the last step, where there is a schedule
	ValLoss         *float64 `json:"val_loss,omitempty"`
	ValAccuracy     *float64 `json:"val_accuracy,omitempty"`
	TestLoss        *float64 `json:"test_loss,omitempty"`
	TestAccuracy    *float64 `json:"test_accuracy,omitempty"`
	ImagesPerSecond float64  `json:"images_per_second"`
	Seconds         float64  `json:"seconds"`
	Waited          *float64 `json:"waited,omitempty"` // the share of the time in which a GPU waited for the host
	Device          string   `json:"device"`
	Stopped         bool     `json:"stopped,omitempty"` // early
}

// Record is an epoch of the run as a record.
func (r *Run) Record(e train.Epoch) Record {
	record := Record{
		Epoch: e.Epoch, Loss: e.Training.Loss, Accuracy: e.Training.Accuracy, LearningRate: e.LearningRate,
		ImagesPerSecond: e.ImagesPerSecond, Seconds: e.Seconds, Waited: e.Waited, Device: r.provenance.deviceOf(e.Epoch),
		Stopped: e.Stopped,
	}
	if v := e.Validation; v != nil && r.validation != nil {
		record.ValLoss, record.ValAccuracy = &v.Loss, &v.Accuracy
	} else if v != nil {
		record.TestLoss, record.TestAccuracy = &v.Loss, &v.Accuracy
	}
	return record
}
