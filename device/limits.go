package device

import (
	"sync"

	"cnn-gpu/device/sim"
)

// simulatedKernels collects what the kernels that run on a simulated GPU counted.
type simulatedKernels struct {
	mu  sync.Mutex
	ran []*sim.Counters
}

func (k *simulatedKernels) add(c *sim.Counters) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ran = append(k.ran, c)
}

// take gives what was collected since the last call.
func (k *simulatedKernels) take() (ran []*sim.Counters) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ran, k.ran = k.ran, nil
	return ran
}

// linesOfOps is of how many source lines an op tells what its warps wait for.
const linesOfOps = 5

// limitOf sums up the kernels of an op.
func limitOf(ran []*sim.Counters) (l OpLimit) {
	longest, l1, l2 := 0.0, int64(0), int64(0)
	missedL1, missedL2 := 0.0, 0.0
	seconds := 0.0
	l.Waits = sim.WaitShares{}
	for _, c := range ran {
		e := &c.Estimate
		seconds += e.Seconds
		for why, share := range e.WaitShares() {
			l.Waits[why] += share * e.Seconds
		}
		if e.Seconds > longest {
			longest, l.Limit, l.Lines, l.Sample = e.Seconds, e.Limit, e.Waits[:min(linesOfOps, len(e.Waits))], c.Sample
		}
		if m := e.Memory; m != nil {
			l1, missedL1 = l1+m.L1Bytes, missedL1+float64(m.L1Bytes)*(1-m.L1HitRate)
			l2, missedL2 = l2+m.L2ReadBytes, missedL2+float64(m.L2ReadBytes)*(1-m.L2HitRate)
			l.L2Bytes += m.L2ReadBytes + m.L2WriteBytes
			l.DRAMBytes += m.DRAMReadBytes + m.DRAMWriteBytes
		}
	}
	for why := range l.Waits {
		l.Waits[why] /= seconds
	}
	l.L1HitRate, l.L2HitRate = 1-missedL1/float64(max(l1, 1)), 1-missedL2/float64(max(l2, 1))
	return l
}

// sampledOf counts the kernels of which only some blocks ran.
func sampledOf(ran []*sim.Counters) (n int) {
	for _, c := range ran {
		if c.Sample != nil {
			n++
		}
	}
	return n
}
