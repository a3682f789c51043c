package driver

// IsClock says whether a clock rate that a driver gives can be one. It should be in kHz; some drivers answer 0 for cards that are newer
// than the attribute, and a rate in another unit is off by powers of ten.
func IsClock(kHz int) bool { return kHz >= 100e3 && kHz <= 20e6 }
