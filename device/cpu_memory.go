package device

import (
	"cnn-gpu/internal/memory"
	"cnn-gpu/kernels"
)

// unchecked is so few bytes that looking at the system's limits is not worth it.
const unchecked = 1 << 20

// CheckHostMemory says whether so many bytes of the machine's memory can be taken. Its error is an [OutOfMemoryError] in place of the end
// of the process.
func CheckHostMemory(need int64) error {
	if need < unchecked {
		return nil
	}
	limit, enough := memory.Enough(need)
	if enough {
		return nil
	}
	return &OutOfMemoryError{Device: "cpu", Need: need, Free: max(limit.Free, 0), Limit: limit.Name}
}

// need is the number of bytes that a schedule takes anew.
func (d *cpuDevice) need(s Schedule) int {
	need := s.Derived
	if s.Scratch > len(d.workers.Scratch())*kernels.Float32.Size() {
		need += s.Scratch
	}
	if s.Plan.Arena > len(d.arena)*kernels.Float32.Size() {
		need += s.Plan.Arena
	}
	for _, b := range s.Plan.Kept {
		if d.kept[b] == nil {
			need += b.Bytes()
		}
	}
	return need
}
