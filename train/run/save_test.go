package run

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What cannot be saved is tried again by the next save, or at the end, unless there is newer content.
func TestSaver(t *testing.T) {
	f, err := emptyFolder(t.TempDir())
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.release()) }()
	var written, warnings []string
	saves := 0
	s := saver{folder: f, onSave: func() { saves++ }, onWarning: func(err error) { warnings = append(warnings, err.Error()) }}
	full := errors.New("the disk is full")
	isFull := true
	file := func(name, content string) saving {
		return saving{name: name, write: func() error {
			if isFull {
				return full
			}
			written = append(written, content)
			return nil
		}}
	}
	s.begin([]saving{file("weights", "weights 1"), file("best", "best 1")})
	s.wait()
	const again = " could not be saved; the training goes on, and the next save tries again: the disk is full"
	assert.Equal(t, []string{"weights" + again, "best" + again}, warnings)
	assert.Zero(t, saves)
	isFull = false
	s.begin([]saving{file("weights", "weights 2")})
	s.wait()
	assert.Equal(t, []string{"best 1", "weights 2"}, written)
	assert.Equal(t, 1, saves)

	isFull = true
	s.begin([]saving{file("weights", "weights 3")})
	err = s.end()
	assert.ErrorIs(t, err, full)
	assert.EqualError(t, err, "weights could not be saved: the disk is full")
	isFull = false
	assert.NoError(t, s.end())
	assert.Equal(t, []string{"best 1", "weights 2", "weights 3"}, written)
	assert.Len(t, warnings, 3)
}

// Checkpoints lie in the same memory, one after the other, unless what failed to be saved is still in it.
func TestCheckpointsShareMemory(t *testing.T) {
	c := config(t)
	c.Out = "run"
	r := start(t, c)
	r.saver = saver{folder: r.folder}
	require.NoError(t, r.checkpoint())
	first := r.snapshot
	require.NoError(t, r.checkpoint())
	assert.Same(t, first, r.snapshot)
	r.saver.wait()
	r.saver.files = []saving{{name: "late", write: func() error { return nil }}}
	require.NoError(t, r.checkpoint())
	assert.NotSame(t, first, r.snapshot)
	second := r.snapshot
	require.NoError(t, r.checkpoint())
	assert.Same(t, second, r.snapshot)
	require.NoError(t, r.saver.end())
}
