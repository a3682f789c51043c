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

	"cnn-gpu/train"
)

// appendMetrics adds the lines of the epochs that the file lacks, each in one write, so that `tail -f` shows whole lines.
func (r *Run) appendMetrics() error {
	file, err := os.OpenFile(r.metricsPath(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("run: metrics: %w", err)
	}
	defer file.Close()
	for _, e := range r.trainer.History()[r.recorded:] {
		line, err := r.metricsLine(e)
		if err != nil {
			return err
		}
		if _, err := file.Write(line); err != nil {
			return fmt.Errorf("run: metrics: %w", err)
		}
		r.recorded++
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("run: metrics: %w", err)
	}
	return nil
}

// alignMetrics makes the file agree with the history that training goes on from: each epoch has one line. Lines of epochs that the
// checkpoint does not know, and one that was torn, are cut off where they stand; a file that lacks some is written anew.
func (r *Run) alignMetrics() error {
	text, err := os.ReadFile(r.metricsPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("run: metrics: %w", err)
	}
	r.recorded = len(r.trainer.History())
	length, lines := recordedEpochs(text, r.recorded)
	switch {
	case lines < r.recorded:
		return r.rewriteMetrics()
	case length < len(text):
		if err := os.Truncate(r.metricsPath(), int64(length)); err != nil {
			return fmt.Errorf("run: metrics: %w", err)
		}
	}
	return nil
}

// recordedEpochs is the length of the text that holds the epochs from 1 on, a line each and at most so many, and their number.
func recordedEpochs(text []byte, most int) (length, lines int) {
	for lines < most {
		end := bytes.IndexByte(text[length:], '\n')
		var record Record
		if end < 0 || json.Unmarshal(text[length:length+end], &record) != nil || record.Epoch != lines+1 {
			break
		}
		length, lines = length+end+1, lines+1
	}
	return length, lines
}

// rewriteMetrics writes the whole history.
func (r *Run) rewriteMetrics() error {
	var text []byte
	for _, e := range r.trainer.History() {
		line, err := r.metricsLine(e)
		if err != nil {
			return err
		}
		text = append(text, line...)
	}
	return r.writeFile(metricsFile, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

func (r *Run) metricsLine(e train.Epoch) ([]byte, error) {
	line, err := json.Marshal(r.Record(e))
	if err != nil {
		return nil, fmt.Errorf("run: metrics: %w", err)
	}
	return append(line, '\n'), nil
}

func (r *Run) metricsPath() string { return filepath.Join(r.dir, metricsFile) }
