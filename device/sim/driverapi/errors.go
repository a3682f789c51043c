//go:build cuda && cgo

package driverapi

/*
#include <stdlib.h>
*/
import "C"
import (
	"sync"
	"unsafe"

	"cnn-gpu/device/driver"
)

// sentences are what the simulated driver says about its errors.
var sentences = map[driver.Result]string{
	driver.Success:                  "no error",
	driver.InvalidValue:             "an argument is not one that the call takes",
	driver.OutOfMemory:              "out of memory",
	driver.NoDevice:                 "no device",
	driver.InvalidDevice:            "no device has this index",
	driver.DeviceUnavailable:        "the device is lost",
	driver.NoBinaryForGpu:           "the module has no code that this device runs",
	driver.InvalidContext:           "there is no current context, or the context is not valid",
	driver.EccUncorrectable:         "memory was damaged and could not be mended",
	driver.UnsupportedLimit:         "the limit is not one of this device's",
	driver.PeerAccessUnsupported:    "the devices do not reach each other's memory",
	driver.InvalidPtx:               "the PTX is not valid",
	driver.UnsupportedPtxVersion:    "the PTX is of a version that the driver does not know",
	driver.FileNotFound:             "no such file",
	driver.InvalidHandle:            "the handle is not valid in this context",
	driver.IllegalState:             "the object is not in a state that allows the call",
	driver.NotFound:                 "the module has no such name",
	driver.NotReady:                 "the work has not ended",
	driver.IllegalAddress:           "a kernel used an address that is not its own",
	driver.LaunchOutOfResources:     "the block needs more registers or threads than there are",
	driver.LaunchTimeout:            "a kernel took too long",
	driver.ContextIsDestroyed:       "the context was destroyed",
	driver.Assert:                   "an assertion in a kernel failed",
	driver.IllegalInstruction:       "a kernel met an instruction that the device does not have",
	driver.MisalignedAddress:        "a kernel used an address that is not a multiple of the access's size",
	driver.LaunchFailed:             "a kernel failed",
	driver.NotSupported:             "the simulated driver does not have this",
	driver.StreamCaptureUnsupported: "the call is not allowed while work is captured",
	driver.StreamCaptureInvalidated: "the capture was spoiled by an earlier call",
	driver.StreamCaptureMerge:       "two captures would become one",
	driver.StreamCaptureUnmatched:   "the capture did not begin in this stream",
	driver.StreamCaptureUnjoined:    "a stream was forked in the capture and not joined",
	driver.StreamCaptureIsolation:   "work in the capture would wait for work outside",
	driver.StreamCaptureImplicit:    "the default stream would wait for the capture",
	driver.StreamCaptureWrongThread: "the capture began in another thread",
	driver.CapturedEvent:            "the event was recorded in a capture",
	driver.Unknown:                  "the simulator failed",
}

// constants keeps the C strings that were handed out; they live as long as the program.
var constants sync.Map

func constant(s string) unsafe.Pointer {
	if p, ok := constants.Load(s); ok {
		return p.(unsafe.Pointer)
	}
	p, _ := constants.LoadOrStore(s, unsafe.Pointer(C.CString(s)))
	return p.(unsafe.Pointer)
}

//export simGetErrorString
func simGetErrorString(r int32, out *unsafe.Pointer) int32 {
	s, ok := sentences[driver.Result(r)]
	if !ok {
		*out = nil
		return int32(driver.InvalidValue)
	}
	*out = constant(s)
	return int32(driver.Success)
}

//export simGetErrorName
func simGetErrorName(r int32, out *unsafe.Pointer) int32 {
	if !driver.Result(r).Known() {
		*out = nil
		return int32(driver.InvalidValue)
	}
	*out = constant(driver.Result(r).Name())
	return int32(driver.Success)
}
