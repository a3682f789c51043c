package kernels

import (
	"sync"
	"sync/atomic"
)

// Workers runs the CPU code of ops on a fixed number of goroutines. It runs one op at a time.
type Workers struct {
	count   int
	scratch []float32

	wake []chan struct{}
	done sync.WaitGroup
	next atomic.Int64
	job  struct {
		tasks int
		run   func(worker, task int)
	}
}

// NewWorkers starts count workers, the caller of Run among them. Close stops them.
func NewWorkers(count int) *Workers {
	w := &Workers{count: max(count, 1)}
	for i := 1; i < w.count; i++ {
		wake := make(chan struct{}, 1)
		w.wake = append(w.wake, wake)
		go func() {
			for range wake {
				w.work(i)
				w.done.Done()
			}
		}()
	}
	return w
}

// Close stops the workers.
func (w *Workers) Close() {
	for _, wake := range w.wake {
		close(wake)
	}
	w.wake = nil
}

// Count is the number of workers.
func (w *Workers) Count() int { return w.count }

// Reserve makes Scratch hold at least n values.
func (w *Workers) Reserve(n int) {
	if n > len(w.scratch) {
		w.scratch = make([]float32, n)
	}
}

// Scratch is memory that an op may use while it runs; it holds what an earlier op left there.
func (w *Workers) Scratch() []float32 { return w.scratch }

// Run calls run for every task below tasks, each on one worker; which worker is open, so no result may depend on it.
func (w *Workers) Run(tasks int, run func(worker, task int)) {
	w.job.tasks, w.job.run = tasks, run
	w.next.Store(0)
	helpers := min(len(w.wake), tasks-1)
	w.done.Add(max(helpers, 0))
	for i := range helpers {
		w.wake[i] <- struct{}{}
	}
	w.work(0)
	w.done.Wait()
	w.job.run = nil
}

func (w *Workers) work(worker int) {
	for {
		task := int(w.next.Add(1)) - 1
		if task >= w.job.tasks {
			return
		}
		w.job.run(worker, task)
	}
}

// grain is the number of elements below which splitting an elementwise loop costs more than it saves.
const grain = 16384

// Range splits [0, n) into contiguous parts and calls run for each.
func (w *Workers) Range(n int, run func(lo, hi int)) {
	parts := max(1, min(w.count, n/grain))
	w.Run(parts, func(_, i int) { run(n*i/parts, n*(i+1)/parts) })
}
