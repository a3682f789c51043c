//go:build cuda && cgo

package driverapi

// Card is what a driver may say of a device beside what its chip is, and what other processes do with it. The zero Card is a chip
// that nobody else uses.
type Card struct {
	Attributes map[int32]int // by CUdevice_attribute, in place of the chip's
	InUse      bool          // another process has it for itself: no context is given
	Silent     bool          // the driver does not tell its name
	Taken      uint64        // bytes of memory that other processes hold
}

// free is how many bytes of memory nobody holds.
func (d *device) free() uint64 {
	total, used := d.Chip().MemoryBytes, d.MemoryInUse()+d.Taken
	return total - min(total, used)
}
