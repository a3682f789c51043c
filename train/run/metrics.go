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

// saveMetrics makes the file hold a line for each epoch. Lines that it has stay where they stand; one that was torn, and those of epochs
// that the history does not know, are cut off. The others are added, each in one write, so that `tail -f` shows whole lines.
func (r *Run) saveMetrics(history []train.Epoch) error {
	path := filepath.Join(r.Dir(), metricsFile)
	if len(history) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("run: metrics: %w", err)
		}
		return nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("run: metrics: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("run: metrics: %w", err)
	}
	length, lines := recordedEpochs(text, len(history))
	if length < len(text) {
		if err := file.Truncate(int64(length)); err != nil {
			return fmt.Errorf("run: metrics: %w", err)
		}
	}
	for _, e := range history[lines:] {
		line, err := json.Marshal(r.Record(e))
		if err == nil {
			_, err = file.Write(append(line, '\n'))
		}
		if err != nil {
			return fmt.Errorf("run: metrics: %w", err)
		}
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("run: metrics: %w", err)
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
