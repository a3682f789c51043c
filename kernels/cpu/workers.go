package cpu

import (
	"runtime"
	"sync/atomic"
	"time"

	"cnn-gpu/kernels"
)

// Workers runs the CPU code of ops on a fixed number of goroutines. It runs one op at a time.
//
// An op often follows the last one within microseconds, so who waits first spins for a while, and only then parks.
type Workers struct {
	count   int
	scratch []float32

	job     func(worker, task int)
	queues  []queue       // of tasks, one for each worker
	state   atomic.Uint64 // what follows, in one word
	helpers []helper
	done    chan struct{} // wakes the caller of Run
}

// queue is a run of tasks that nobody has taken.
type queue struct {
	next atomic.Int64
	end  int64
	_    [48]byte // keeps the queues on cache lines of their own
}

// helper is a worker that is not the caller of Run.
type helper struct {
	isParked atomic.Bool
	wake     chan struct{}
}

// The state counts the runs in its upper half; the lower half says whether the latest is open to workers that want to join, whether
// its caller is parked, and how many helpers are at work on it. Run waits for those that have joined and for no one else, so a worker
// that finds no free core holds nobody up.
const (
	working      = 1<<16 - 1
	isOpen       = 1 << 16
	callerParked = 1 << 17
	isClosed     = 1 << 18
	oneRun       = 1 << 32
)

// spinTime is how long one spins before parking: longer than a task that another core is late with, since waking up a core that sleeps
// takes long on a virtual machine.
const spinTime = 300 * time.Microsecond

// NewWorkers starts count workers, the caller of Run among them. Close stops them.
func NewWorkers(count int) *Workers {
	w := &Workers{count: max(count, 1), done: make(chan struct{}, 1)}
	w.queues = make([]queue, w.count)
	w.helpers = make([]helper, w.count-1)
	for i := range w.helpers {
		w.helpers[i].wake = make(chan struct{}, 1)
		go w.serve(i)
	}
	return w
}

// Close stops the workers.
func (w *Workers) Close() {
	w.state.Store((w.state.Load() + oneRun) | isClosed)
	for i := range w.helpers {
		w.unpark(i)
	}
}

// Count is the number of workers.
func (w *Workers) Count() int { return w.count }

// Reserve makes Scratch hold at least n values.
func (w *Workers) Reserve(n int) {
	if n > len(w.scratch) {
		w.scratch = kernels.NewMem(kernels.Float32, n).F32
	}
}

// Release gives the memory of Scratch back.
func (w *Workers) Release() { w.scratch = nil }

// Scratch is memory that an op may use while it runs; it holds what an earlier op left there.
func (w *Workers) Scratch() []float32 { return w.scratch }

// Run calls run for every task below tasks, each on one worker. Each worker begins with its share of neighbouring tasks, so that it mostly
// finds in its cache what it left there for equal tasks of another run; who is done helps the others. Which worker runs a task is open, so
// no result may depend on it.
func (w *Workers) Run(tasks int, run func(worker, task int)) {
	if tasks <= 1 || w.count == 1 {
		for task := range tasks {
			run(0, task)
		}
		return
	}
	w.job = run
	for i := range w.queues {
		w.queues[i].next.Store(int64(kernels.CeilDiv(tasks*i, w.count)))
		w.queues[i].end = int64(kernels.CeilDiv(tasks*(i+1), w.count))
	}
	w.state.Store((w.state.Load() + oneRun) | isOpen)
	for i := range min(len(w.helpers), tasks-1) {
		w.unpark(i)
	}
	w.work(0)
	w.finish()
	w.job = nil
}

func (w *Workers) work(worker int) {
	for i := range w.queues {
		q := &w.queues[(worker+i)%len(w.queues)]
		for task := q.next.Add(1) - 1; task < q.end; task = q.next.Add(1) - 1 {
			w.job(worker, int(task))
		}
	}
}

// finish closes the run to workers that have not joined, and waits for those that have.
func (w *Workers) finish() {
	isDone := func() bool { return w.state.Load()&working == 0 }
	w.state.And(^uint64(isOpen))
	if w.spin(isDone) {
		return
	}
	for state := w.state.Load(); state&working != 0; state = w.state.Load() {
		if w.state.CompareAndSwap(state, state|callerParked) {
			<-w.done
			w.state.And(^uint64(callerParked))
			return
		}
	}
}

// serve is the life of a helper.
func (w *Workers) serve(i int) {
	seen := uint64(0) // the last run that this worker looked at
	isNewRun := func() bool { return w.state.Load()/oneRun != seen }
	for {
		if !w.spin(isNewRun) {
			w.park(i, isNewRun)
		}
		state := w.state.Load()
		if state&isClosed != 0 {
			return
		}
		if state&isOpen == 0 {
			seen = state / oneRun
			continue
		}
		if !w.state.CompareAndSwap(state, state+1) {
			continue
		}
		seen = state / oneRun
		w.work(i + 1)
		if left := w.state.Add(^uint64(0)); left&callerParked != 0 && left&working == 0 {
			w.done <- struct{}{}
		}
	}
}

// park sleeps until unpark, unless there is a new run already.
func (w *Workers) park(i int, isNewRun func() bool) {
	h := &w.helpers[i]
	h.isParked.Store(true)
	if isNewRun() && h.isParked.CompareAndSwap(true, false) {
		return
	}
	<-h.wake
}

// unpark wakes a worker that is parked. The state was changed before, so one that is about to park sees that.
func (w *Workers) unpark(i int) {
	if h := &w.helpers[i]; h.isParked.CompareAndSwap(true, false) {
		h.wake <- struct{}{}
	}
}

// spin waits for a while until isReady, and says whether it is. With fewer threads than workers it does not wait: it might be
// in the way of the one that it waits for.
func (w *Workers) spin(isReady func() bool) bool {
	if isReady() {
		return true
	}
	if runtime.GOMAXPROCS(0) < w.count {
		return false
	}
	for begun := time.Now(); time.Since(begun) < spinTime; {
		// Whoever else has something to do, such as to load the next batch, may do it now. Not more often: the scheduler has one lock.
		runtime.Gosched()
		for range 1024 {
			if isReady() {
				return true
			}
			pause()
		}
	}
	return false
}

// grain is the number of elements below which splitting an elementwise loop costs more than it saves.
const grain = 16384

// Range splits [0, n) into contiguous parts and calls run for each.
func (w *Workers) Range(n int, run func(lo, hi int)) {
	parts := max(1, min(w.count, n/grain))
	w.Run(parts, func(_, i int) { run(n*i/parts, n*(i+1)/parts) })
}
