// Package tensorboard writes event files, which TensorBoard shows as curves, pictures, texts and a graph.
//
// A folder holds the events of what TensorBoard calls a run, in one file or more. A file is records as TFRecord has them (see [appendRecord]), each
// an Event of TensorFlow's event.proto as a protocol buffer. Of the messages only what TensorBoard needs is written, and so by hand.
package tensorboard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Writer collects the events of one folder and writes them at Flush. Events may be added while a Flush is under way.
type Writer struct {
	folder string
	start  int64

	mutex   sync.Mutex
	pending []byte // records that are to be written

	flushing sync.Mutex
	path     string // empty until there is a file
	length   int64  // of what is known to be in it
	writing  []byte // records that a Flush tried to write, and the next one begins with
}

// New is a writer for a folder, which is made at the first Flush. Its events go into a file of their own. They begin with the given step: of events
// that files in the folder have already, TensorBoard leaves out those from that step on.
func New(folder string, start int64) *Writer { return &Writer{folder: folder, start: start} }

// IsEventFile says whether TensorBoard would take a file for one of events.
func IsEventFile(name string) bool { return strings.Contains(name, "tfevents") }

// add collects an event.
func (w *Writer) add(step int64, what field) {
	record := appendRecord(nil, event(time.Now(), step, what))
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.pending = append(w.pending, record...)
}

// Flush writes the events that were added, and returns when they are on the disk. After an error they are kept for the next Flush, which writes
// over what is half done, so that a reader that follows the file finds whole records.
func (w *Writer) Flush() error {
	w.flushing.Lock()
	defer w.flushing.Unlock()
	w.mutex.Lock()
	w.writing, w.pending = append(w.writing, w.pending...), nil
	w.mutex.Unlock()
	if len(w.writing) == 0 {
		return nil
	}
	if err := w.write(); err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	w.length, w.writing = w.length+int64(len(w.writing)), nil
	return nil
}

func (w *Writer) write() error {
	f, err := w.open()
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(w.writing, w.length); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

// open opens the file, or makes one: the first, or another where that has vanished.
func (w *Writer) open() (*os.File, error) {
	if w.path != "" {
		f, err := os.OpenFile(w.path, os.O_WRONLY, 0)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	if err := os.MkdirAll(w.folder, 0o777); err != nil {
		return nil, err
	}
	// TensorBoard reads the files of a folder in the order of their names.
	for second := time.Now().Unix(); ; second++ {
		path := filepath.Join(w.folder, fmt.Sprintf("events.out.tfevents.%010d.cnn-gpu", second))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			w.path, w.length = path, 0
			w.writing = append(w.head(), w.writing...)
		}
		return f, err
	}
}

// head is what a file begins with.
func (w *Writer) head() []byte {
	now := time.Now()
	records := appendRecord(nil, event(now, 0, fileVersion()))
	return appendRecord(records, event(now, w.start, sessionStart()))
}
