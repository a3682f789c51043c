package run

import "cnn-gpu/device"

// opening is a device on its way: it is opened while the data is read, which takes about as long as a GPU's driver needs to begin.
type opening struct {
	done   chan struct{}
	device device.Device
	err    error
}

func beginOpening(name string, o device.Options) *opening {
	w := &opening{done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.device, w.err = device.Open(name, o)
	}()
	return w
}

// wait is what [device.Open] gives.
func (w *opening) wait() (device.Device, error) {
	<-w.done
	return w.device, w.err
}

// abandon closes the device that nobody wants any more.
func (w *opening) abandon() error {
	if d, err := w.wait(); err == nil {
		return d.Close()
	}
	return nil
}
