package cpu

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// pauses between two runs: none, one in which the helpers spin, and one after which they are parked.
var pauses = []time.Duration{0, 10 * time.Microsecond, 2 * time.Millisecond}

func TestRunDoesEachTaskOnce(t *testing.T) {
	for _, threads := range []int{1, 2, runtime.GOMAXPROCS(0)} {
		before := runtime.GOMAXPROCS(threads)
		defer runtime.GOMAXPROCS(before)
		for _, workers := range []int{1, 2, 3, 8} {
			w := NewWorkers(workers)
			for run := range 150 {
				time.Sleep(pauses[run%len(pauses)])
				done := make([]int, run%20)
				var strangers atomic.Int32
				w.Run(len(done), func(worker, task int) {
					if worker < 0 || worker >= workers {
						strangers.Add(1)
					}
					done[task]++ // the race detector sees whether Run waits for it
				})
				for task, times := range done {
					assert.Equal(t, 1, times, "task %d of %d, %d workers, %d threads", task, len(done), workers, threads)
				}
				assert.Zero(t, strangers.Load())
			}
			w.Close()
		}
	}
}

// The caller of Run gets to the end first: at once, while it spins, and when it has parked.
func TestRunWaitsForSlowTasks(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	for run := range 30 {
		begun, isDone := make(chan struct{}), false
		w.Run(2, func(worker, _ int) {
			if worker == 0 {
				<-begun
				return
			}
			begun <- struct{}{}
			time.Sleep(pauses[run%len(pauses)])
			isDone = true
		})
		assert.True(t, isDone)
	}
}

func TestWorkersShareTheTasks(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	for _, pause := range pauses {
		time.Sleep(pause)
		met := make(chan struct{}) // two tasks that can only end together
		w.Run(2, func(_, task int) {
			if task == 0 {
				met <- struct{}{}
			} else {
				<-met
			}
		})
	}
}

func TestCloseEndsTheWorkers(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, pause := range pauses {
		w := NewWorkers(4)
		w.Run(8, func(_, _ int) {})
		time.Sleep(pause)
		w.Close()
		w.Close()
		assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, time.Minute, time.Millisecond,
			"goroutines are left") // Eventually's own is the one more
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	w := NewWorkers(2)
	defer w.Close()
	task := func(_, _ int) {}
	assert.Zero(t, testing.AllocsPerRun(100, func() { w.Run(4, task) }))
}

// BenchmarkRun is what it costs to hand out two tasks: that do nothing, and that only end once both have begun, so that the other
// worker must have come.
func BenchmarkRun(b *testing.B) {
	w := NewWorkers(2)
	defer w.Close()
	b.Run("empty", func(b *testing.B) {
		task := func(_, _ int) {}
		for b.Loop() {
			w.Run(2, task)
		}
	})
	b.Run("shared", func(b *testing.B) {
		var begun atomic.Int64
		task := func(_, _ int) {
			for met := (begun.Add(1) + 1) / 2 * 2; begun.Load() < met; {
			}
		}
		for b.Loop() {
			w.Run(2, task)
		}
	})
}
