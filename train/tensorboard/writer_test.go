package tensorboard

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/internal/traintest"
)

// CRC-32C of these digits is 0xe3069283 (RFC 3720's algorithm on the usual check value); masked by hand.
func TestMaskedCRC(t *testing.T) {
	assert.Equal(t, uint32(0xc78ab0e5), maskedCRC([]byte("123456789")))
}

// The record of a scalar, written out from the formats' descriptions.
func TestRecord(t *testing.T) {
	record := appendRecord([]byte("before"), []byte("abc"))
	assert.Equal(t, "before\x03\x00\x00\x00\x00\x00\x00\x00", string(record[:14]))
	assert.Equal(t, "abc", string(record[18:21]))
	assert.Len(t, record, 6+8+4+3+4)
	value := summary("loss", floatField(2, 0.5))
	assert.Equal(t, "\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\x00\x3f", string(value))
}

func onePNG(t *testing.T) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, image.NewRGBA(image.Rect(0, 0, 3, 2))))
	return file.Bytes()
}

func TestWriter(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "here")
	w := New(folder, 7)
	require.NoError(t, w.Flush())
	assert.NoDirExists(t, folder, "nothing to write")
	w.Scalar(7, "loss", 0.25)
	require.NoError(t, w.Image(8, "filters", onePNG(t)))
	assert.ErrorContains(t, w.Image(8, "filters", []byte("none")), "picture filters")
	w.Text(9, "model", "# It")
	w.Graph([]Node{{Name: "a", Op: "Input"}, {Name: "b", Op: "Dense", Inputs: []string{"a"}, Shape: []int{-1, 3}}})
	w.HyperParameters(map[string]any{"lr": 0.5, "strict": true, "model": "tiny"})
	require.NoError(t, w.Flush())
	w.Scalar(10, "loss", 0.125)
	require.NoError(t, w.Flush())

	events := traintest.ReadEvents(t, folder)
	require.Len(t, events, 8)
	assert.Equal(t, "brain.Event:2", events[0].FileVersion)
	assert.Equal(t, traintest.Event{Step: 7, Starts: true}, events[1])
	quarter, eighth := float32(0.25), float32(0.125)
	assert.Equal(t, traintest.Event{Step: 7, Tag: "loss", Scalar: &quarter}, events[2])
	assert.Equal(t, traintest.Event{Step: 8, Tag: "filters", Image: onePNG(t)}, events[3])
	assert.Equal(t, traintest.Event{Step: 9, Tag: "model", Plugin: "text", Text: "# It"}, events[4])
	assert.NotEmpty(t, events[5].Graph)
	assert.Equal(t, traintest.Event{Tag: "_hparams_/session_start_info", Plugin: "hparams"}, events[6])
	assert.Equal(t, traintest.Event{Step: 10, Tag: "loss", Scalar: &eighth}, events[7])
}

// Writers of one folder that follow each other within a second have files whose names are in their order.
func TestFilesAreInOrder(t *testing.T) {
	folder := t.TempDir()
	for i := range 3 {
		w := New(folder, int64(i))
		w.Scalar(int64(i), "loss", 0)
		require.NoError(t, w.Flush())
	}
	var starts []int64
	for _, e := range traintest.ReadEvents(t, folder) {
		if e.Starts {
			starts = append(starts, e.Step)
		}
	}
	assert.Equal(t, []int64{0, 1, 2}, starts)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	assert.True(t, IsEventFile(entries[0].Name()))
}

// What could not be written is written by the next Flush, over what is half done, and a folder that has vanished is made anew.
func TestWriterTriesAgain(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "run")
	require.NoError(t, os.WriteFile(folder, nil, 0o666)) // in the folder's place
	w := New(folder, 0)
	w.Scalar(1, "loss", 1)
	assert.Error(t, w.Flush())
	require.NoError(t, os.Remove(folder))
	w.Scalar(2, "loss", 2)
	require.NoError(t, w.Flush())
	assert.Len(t, traintest.ReadEvents(t, folder), 4)

	half, err := os.OpenFile(w.path, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = half.WriteString("half a record")
	require.NoError(t, err)
	require.NoError(t, half.Close())
	w.Scalar(3, "loss", 3)
	require.NoError(t, w.Flush())
	assert.Len(t, traintest.ReadEvents(t, folder), 5)

	require.NoError(t, os.RemoveAll(folder))
	w.Scalar(4, "loss", 4)
	require.NoError(t, w.Flush())
	assert.Len(t, traintest.ReadEvents(t, folder), 3)
}
