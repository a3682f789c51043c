package driver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// host is the system that the program runs on, as far as it tells of GPUs.
type host struct {
	root    string                  // of its files
	visible *string                 // CUDA_VISIBLE_DEVICES; nil if it is not set
	open    func(file string) error // for reading and writing
}

func newHost() host {
	h := host{root: "/", open: func(file string) error {
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err == nil {
			err = f.Close()
		}
		return err
	}}
	if visible, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); set {
		h.visible = &visible
	}
	return h
}

// denied is a file of the driver that the user may not open; empty if there is none.
func (h host) denied() string {
	for _, pattern := range []string{"dev/nvidiactl", "dev/nvidia[0-9]*", "dev/nvidia-uvm", "dev/dxg"} {
		files, _ := filepath.Glob(filepath.Join(h.root, pattern)) // the pattern is well formed
		for _, f := range files {
			if errors.Is(h.open(f), fs.ErrPermission) {
				return f
			}
		}
	}
	return ""
}

func (h host) has(path string) bool {
	_, err := os.Stat(filepath.Join(h.root, path))
	return err == nil
}

func (h host) isContainer() bool {
	return h.has(".dockerenv") || h.has(".singularity.d") || h.has("run/.containerenv") || os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}

func (h host) isWSL() bool { return h.has("dev/dxg") && h.has("usr/lib/wsl/lib") }

// hasGPU looks for a display controller (PCI class 03) of NVIDIA (vendor 10de), or for WSL's.
func (h host) hasGPU() bool {
	if h.isWSL() {
		return true
	}
	devices, _ := filepath.Glob(filepath.Join(h.root, "sys/bus/pci/devices/*")) // the pattern is well formed
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
func (h host) distribution() string {
	b, _ := os.ReadFile(filepath.Join(h.root, "etc/os-release"))
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

func (h host) installDriver() string {
	if d, ok := distributions[h.distribution()]; ok {
		return d.driver
	}
	return "install NVIDIA's driver for Linux, from your distribution or from nvidia.com/drivers"
}

func (h host) install(pkg string) string {
	if d, ok := distributions[h.distribution()]; ok {
		return fmt.Sprintf(d.install, pkg)
	}
	return "package " + pkg
}
