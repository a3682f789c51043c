package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/google/renameio/v2"

	"cnn-gpu/train"
)

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

// saveMetrics writes the whole history, so that a resumed run's file has each epoch once.
func (r *Run) saveMetrics() error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, e := range r.trainer.History() {
		if err := encoder.Encode(NewRecord(e, r.device.Name())); err != nil {
			return fmt.Errorf("run: metrics: %w", err)
		}
	}
	if err := renameio.WriteFile(filepath.Join(r.dir, metricsFile), lines.Bytes(), 0o666); err != nil {
		return fmt.Errorf("run: metrics: %w", err)
	}
	return nil
}
