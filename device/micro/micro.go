// Package micro measures what a GPU does at its best in small things, each alone: a node of a graph, a launch, a copy, bandwidths of
// the memories, rates and latencies of tensor cores and shared memory. They are the figures that the time of any kernel is made of.
//
// Times are medians after a warm-up, by the GPU's clock, of graphs; what a loop of n takes is subtracted from what one of 2n takes, so
// that no launch is in them. On a simulated GPU they are its estimates, and what only a real host can show is left out.
package micro

// Measurement is one figure.
type Measurement struct {
	Group string  `json:"group"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	What  string  `json:"what"` // for people
}

// Report is what was measured on a device.
type Report struct {
	Device       string        `json:"device"`
	Description  string        `json:"description"` // of the device
	Estimated    bool          `json:"estimated"`   // by the simulated GPU: no measurement
	Measurements []Measurement `json:"measurements"`
	Skipped      []string      `json:"skipped,omitempty"` // what and why
}

// Groups names what can be measured, in the order in which it is.
func Groups() []string { return []string{"clock", "graph", "host", "memory", "tensor"} }

func (r *Report) add(group, name string, value float64, unit, what string) {
	r.Measurements = append(r.Measurements, Measurement{group, name, value, unit, what})
}

func (r *Report) skip(what, why string) { r.Skipped = append(r.Skipped, what+": "+why) }
