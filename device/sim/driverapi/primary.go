//go:build cuda && cgo

package driverapi

import "C"

import "cnn-gpu/device/driver"

//export simDevicePrimaryCtxRetain
func simDevicePrimaryCtxRetain(out *uintptr, dev int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		switch {
		case r != driver.Success:
			return r
		case d.lost || d.InUse:
			return driver.DeviceUnavailable
		case d.primary == nil:
			if d.primary = s.newContext(d, d.flags); d.primary == nil {
				return driver.OutOfMemory
			}
		}
		d.primary.retains++
		*out = d.primary.handle
		return driver.Success
	})
}

//export simDevicePrimaryCtxRelease
func simDevicePrimaryCtxRelease(dev int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		switch {
		case r != driver.Success:
			return r
		case d.primary == nil:
			return driver.InvalidContext
		}
		if d.primary.retains--; d.primary.retains == 0 {
			s.destroy(d.primary)
		}
		return driver.Success
	})
}

//export simDevicePrimaryCtxReset
func simDevicePrimaryCtxReset(dev int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		if r == driver.Success && d.primary != nil {
			s.destroy(d.primary)
		}
		return r
	})
}

//export simDevicePrimaryCtxGetState
func simDevicePrimaryCtxGetState(dev int32, flags *uint32, active *int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		if r != driver.Success {
			return r
		}
		*flags, *active = d.flags, 0
		if d.primary != nil {
			*active = 1
		}
		return driver.Success
	})
}

//export simDevicePrimaryCtxSetFlags
func simDevicePrimaryCtxSetFlags(dev int32, flags uint32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		if r == driver.Success {
			d.flags = flags
		}
		return r
	})
}
