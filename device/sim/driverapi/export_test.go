//go:build cuda && cgo

package driverapi

import "cnn-gpu/device/sim"

// ShareOf is the share of the chip that a kernel takes.
func ShareOf(e *sim.Estimate, multiprocessors int) float64 {
	return chipTimeOf(e, multiprocessors).share
}
