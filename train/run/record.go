package run

import "cnn-gpu/train"

// Record is an epoch as a line of metrics.jsonl and of `train --json`.
type Record struct {
	Epoch           int      `json:"epoch"`
	Loss            float64  `json:"loss"`
	Accuracy        float64  `json:"accuracy"`
	ValLoss         *float64 `json:"val_loss,omitempty"`
	ValAccuracy     *float64 `json:"val_accuracy,omitempty"`
	ImagesPerSecond float64  `json:"images_per_second"`
	Seconds         float64  `json:"seconds"`
	Device          string   `json:"device"`
}

// NewRecord is an epoch as a record.
func NewRecord(e train.Epoch, device string) Record {
	r := Record{
		Epoch: e.Epoch, Loss: e.Training.Loss, Accuracy: e.Training.Accuracy,
		ImagesPerSecond: e.ImagesPerSecond, Seconds: e.Seconds, Device: device,
	}
	if v := e.Validation; v != nil {
		r.ValLoss, r.ValAccuracy = &v.Loss, &v.Accuracy
	}
	return r
}
