//go:build cuda && cgo

package device

import "cnn-gpu/device/driver"

const (
	inTheLog  = "`dmesg | grep -i xid` has the card's own number of it"
	ofAKernel = "a kernel did what it must not, or the card is damaged: " + inTheLog + ", --sync tells which op it was queued for"
	ofMemory  = "the card's memory holds an error that it cannot correct: `nvidia-smi -q -d ECC,ROW_REMAPPER` counts them, " + inTheLog +
		"; a reset of the card (`sudo nvidia-smi --gpu-reset`) or a reboot takes bad rows out of use, and a card where it comes again is to be replaced"
)

// faults are the errors of work that was queued before the call which reports them, and what to say of each. The context is of no use
// after one: every call gives it again.
var faults = map[driver.Result]string{
	driver.EccUncorrectable:    ofMemory,
	driver.Contained:           ofMemory,
	driver.NvlinkUncorrectable: "a link between cards failed: `nvidia-smi nvlink --errorcounters` counts its errors, " + inTheLog,
	driver.DeviceUnavailable:   "the card is gone (it fell off the bus, was reset or taken away): " + inTheLog + ", and where nvidia-smi does not list it a reboot brings it back",
	driver.LaunchTimeout: "a kernel ran for longer than the driver lets one on a card that shows a screen: a smaller --batch makes kernels shorter, " +
		"a card without a screen has no limit",
	driver.IllegalInstruction: "the card met an instruction that it does not have, so code or card are damaged: --no-cache compiles anew, " + inTheLog,
	driver.HardwareStackError: ofAKernel, driver.IllegalAddress: ofAKernel, driver.Assert: ofAKernel, driver.MisalignedAddress: ofAKernel,
	driver.InvalidAddressSpace: ofAKernel, driver.InvalidPc: ofAKernel, driver.LaunchFailed: ofAKernel,
}

// fault explains an error of an open device, and says whether it is one of its work.
func (d *gpu) fault(err error) (*FaultError, bool) {
	r, _ := driver.ResultOf(err)
	advice, is := faults[r]
	if !is {
		return nil, false
	}
	d.broken = r
	if d.options.simulated { // whose report has told where and why
		advice = ""
		if !d.options.Sync {
			advice = "an op that was queued before failed, --sync tells which"
		}
	}
	return &FaultError{d.name, advice, err}, true
}
