package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/run"
)

// A training that is killed at any moment, as by a machine that loses power, goes on from a whole checkpoint to the weights of one that was
// not. A checkpoint is saved after each step, so that most moments are within one.
func TestKilledTraining(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a hundred processes")
	}
	const kills = 50
	w := newTiny(t)
	args := func(out string) []string {
		return append(w.trainArgs(), "--epochs", "3", "--checkpoint-every", "1", "--device", "cpu", "--out", out)
	}
	begun := time.Now()
	r := runProcess(t, nil, args(w.out)...)
	took := time.Since(begun)
	require.Equal(t, exitOK, r.code, r.stderr)
	want := w.weights(t)

	var resumed, anew, damaged int
	var mutex sync.Mutex
	var wg sync.WaitGroup
	moments := make(chan int)
	for range 2 {
		wg.Go(func() {
			for i := range moments {
				out := fmt.Sprintf("%s-%d", w.out, i)
				cmd := exec.Command(os.Args[0], args(out)...)
				cmd.Env = append(os.Environ(), asCommand+"=1")
				if !assert.NoError(t, cmd.Start()) {
					return
				}
				time.Sleep(time.Duration(rand.Float64() * float64(took)))
				_ = cmd.Process.Kill() // it may be done
				_ = cmd.Wait()
				saved, err := filepath.Glob(filepath.Join(out, "checkpoint*"))
				assert.NoError(t, err)
				again := []string{"train", "--resume", out}
				if len(saved) == 0 { // killed before the first step ended
					again = args(out)
				}
				r := runProcess(t, nil, again...)
				assert.Equal(t, exitOK, r.code, r.stderr)
				got, err := run.Load(out)
				if assert.NoError(t, err) {
					assert.Equal(t, want, got.Weights.Padded(), out)
				}
				left, err := filepath.Glob(filepath.Join(out, ".*"))
				assert.NoError(t, err)
				assert.Empty(t, left, "nothing half-written")
				mutex.Lock()
				if len(saved) > 0 {
					resumed++
				} else {
					anew++
				}
				if matches, _ := filepath.Glob(filepath.Join(out, "*.damaged")); len(matches) > 0 {
					damaged++
				}
				mutex.Unlock()
			}
		})
	}
	for i := range kills {
		moments <- i
	}
	close(moments)
	wg.Wait()
	t.Logf("a run takes %v; %d went on, %d began anew", took, resumed, anew)
	assert.Zero(t, damaged, "a checkpoint has its name when it is whole")
	assert.Greater(t, resumed, kills/4, "the test is to kill trainings that are under way")
}
