package driver

import (
	"fmt"
	"strings"

	"cnn-gpu/device/driver/nvrtc"
)

// Report is what [Probe] found.
type Report struct {
	Driver  string    `json:"driver,omitempty"`        // libcuda's file, or what [Install] put in its place
	CUDA    string    `json:"cuda,omitempty"`          // the newest version of CUDA that the driver runs, like "12.4"
	GPUs    []GPU     `json:"gpus"`                    // in the driver's order
	NVRTC   string    `json:"nvrtc,omitempty"`         // the library's file
	Version string    `json:"nvrtc_version,omitempty"` // like "12.9"
	Missing []Missing `json:"missing,omitempty"`
}

// Missing is one thing that CUDA needs and that is not there.
type Missing struct {
	Part string `json:"part"`           // "CUDA", "CUDA driver" or "NVRTC"
	What string `json:"what"`           // a sentence
	Mend string `json:"mend,omitempty"` // the command, or what to do, that changes it; empty where nothing does
}

// Probe looks for the driver, its GPUs and NVRTC, and says for each thing that is missing how to get it. It loads both
// libraries.
func Probe() *Report {
	r := &Report{GPUs: []GPU{}}
	if !Built {
		r.Missing = []Missing{{"CUDA", "this program was built without CUDA", "install a C compiler (" + newHost().install("gcc") + "), then `make build`"}}
		return r
	}
	err := Open()
	r.Driver = library()
	if v := version(); v > 0 {
		r.CUDA = fmt.Sprintf("%d.%d", v/1000, v%1000/10)
	}
	if err == nil {
		r.GPUs, err = gpus()
	}
	if err != nil {
		r.Missing = append(r.Missing, Diagnose(err))
	}
	library, err := nvrtc.OpenFor(version())
	if err != nil {
		r.Missing = append(r.Missing, Missing{"NVRTC", strings.TrimSuffix(strings.TrimPrefix(err.Error(), "nvrtc: "), "; "+nvrtc.Mend(version())), nvrtc.Mend(version())})
	} else {
		r.NVRTC, r.Version = library.Path, fmt.Sprintf("%d.%d", library.Major, library.Minor)
	}
	return r
}
