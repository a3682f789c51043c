package device

// FaultError says that a GPU failed at its work. It is of no use to this process from then on; what was saved before is whole.
type FaultError struct {
	Device string
	Advice string // what the error comes of, and what shows more; may be empty
	Err    error  // with the driver's code
}

func (e *FaultError) Error() string {
	s := "device: " + e.Device + ": " + e.Err.Error()
	if e.Advice != "" {
		s += "; " + e.Advice
	}
	return s
}

func (e *FaultError) Unwrap() error { return e.Err }
