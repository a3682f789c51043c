package driver

import (
	"fmt"
	"os"
	"path/filepath"
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
		r.Missing = []Missing{{"CUDA", "this program was built without CUDA", "install a C compiler (" + install("gcc") + "), then `make build`"}}
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
		r.Missing = append(r.Missing, diagnose(err, "/"))
	}
	library, err := nvrtc.OpenFor(version())
	if err != nil {
		r.Missing = append(r.Missing, Missing{"NVRTC", strings.TrimSuffix(strings.TrimPrefix(err.Error(), "nvrtc: "), "; "+nvrtc.Mend), nvrtc.Mend})
	} else {
		r.NVRTC, r.Version = library.Path, fmt.Sprintf("%d.%d", library.Major, library.Minor)
	}
	return r
}

// diagnose says why the driver can't be used, and the way out, from the driver's answer and from what the system under root
// shows: the kernel lists PCI devices and NVIDIA's module whatever libraries are there.
func diagnose(err error, root string) Missing {
	r, _ := ResultOf(err)
	what := strings.TrimPrefix(err.Error(), "driver: ")
	switch r {
	case StubLibrary:
		return Missing{"CUDA driver", what, "this libcuda is the toolkit's stub for linking: take its folder out of LD_LIBRARY_PATH"}
	case SystemDriverMismatch:
		return Missing{"CUDA driver", what, "the driver was updated and its kernel module is still the old one: reboot"}
	case SystemNotReady:
		return Missing{"CUDA driver", what, "sudo systemctl start nvidia-fabricmanager"}
	case Unknown:
		return Missing{"CUDA driver", what, "sudo modprobe nvidia-uvm, or reboot"}
	}
	switch container, gpu, module := inContainer(root), hasGPU(root), exists(root, "proc/driver/nvidia/version"); {
	case container && (gpu || module):
		return Missing{"CUDA driver", what, "the container does not see the host's GPU: start it with `docker run --gpus all` (the host needs nvidia-container-toolkit)"}
	case gpu:
		return Missing{"CUDA driver", "there is an NVIDIA GPU, but " + what, installDriver(root)}
	default:
		return Missing{"CUDA driver", "this machine has no NVIDIA GPU: " + what, "none is needed for --device cpu, nor for --device sim, which runs the CUDA kernels in a simulated GPU"}
	}
}

func exists(root, path string) bool {
	_, err := os.Stat(filepath.Join(root, path))
	return err == nil
}

func inContainer(root string) bool {
	return exists(root, ".dockerenv") || exists(root, "run/.containerenv") || os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}

// hasGPU looks for a display controller (PCI class 03) of NVIDIA (vendor 10de), or for WSL's.
func hasGPU(root string) bool {
	if exists(root, "dev/dxg") && exists(root, "usr/lib/wsl/lib") {
		return true
	}
	devices, _ := filepath.Glob(filepath.Join(root, "sys/bus/pci/devices/*")) // the pattern is well formed
	for _, d := range devices {
		vendor, _ := os.ReadFile(filepath.Join(d, "vendor"))
		class, _ := os.ReadFile(filepath.Join(d, "class"))
		if strings.HasPrefix(string(vendor), "0x10de") && strings.HasPrefix(string(class), "0x03") {
			return true
		}
	}
	return false
}

// distributions gives, by the ID of os-release, the commands that install a package and NVIDIA's driver.
var distributions = map[string]struct{ install, driver string }{
	"ubuntu": {"sudo apt-get install %s libc6-dev", "sudo ubuntu-drivers install, then reboot"},
	"debian": {"sudo apt-get install %s libc6-dev", "sudo apt-get install nvidia-driver (component non-free), then reboot"},
	"fedora": {"sudo dnf install %s", "sudo dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda (from RPM Fusion), then reboot"},
	"arch":   {"sudo pacman -S %s", "sudo pacman -S nvidia, then reboot"},
	"alpine": {"sudo apk add %s musl-dev", "NVIDIA's driver needs glibc: use another distribution"},
}

// distribution reads the ID of os-release, or what it derives from where that one is not known.
func distribution(root string) string {
	b, _ := os.ReadFile(filepath.Join(root, "etc/os-release"))
	for _, key := range []string{"ID=", "ID_LIKE="} {
		for line := range strings.Lines(string(b)) {
			value, ok := strings.CutPrefix(line, key)
			if !ok {
				continue
			}
			for id := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"'`)) {
				if _, ok := distributions[id]; ok {
					return id
				}
			}
		}
	}
	return ""
}

func installDriver(root string) string {
	if d, ok := distributions[distribution(root)]; ok {
		return d.driver
	}
	return "install NVIDIA's driver for Linux, from your distribution or from nvidia.com/drivers"
}

func install(pkg string) string {
	if d, ok := distributions[distribution("/")]; ok {
		return fmt.Sprintf(d.install, pkg)
	}
	return "package " + pkg
}
