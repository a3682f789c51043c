package cpu

// pause tells the CPU that this is a loop that waits, so that it leaves the core to its other thread.
func pause()
