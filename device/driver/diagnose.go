package driver

import (
	"errors"
	"strings"
)

// Diagnose says in a sentence how to mend an error of [Open].
func Diagnose(err error) Missing { return diagnose(err, newHost()) }

// answers are those of the driver that say why it, or a card, does not start, with what to do.
var answers = map[Result]string{
	StubLibrary:          "this libcuda is the toolkit's stub for linking: take its folder out of LD_LIBRARY_PATH",
	SystemDriverMismatch: "the driver's library and its kernel module are of different versions: after an update reboot; in a container leave the library to `--gpus all`, with no driver in the image",
	CompatNotSupportedOnDevice: "this libcuda is of a package for compatibility (cuda-compat), which works with data-center cards alone: " +
		"take /usr/local/cuda/compat out of LD_LIBRARY_PATH, or update the driver",
	SystemNotReady:      "on boards with NVSwitch (HGX) `sudo systemctl start nvidia-fabricmanager`, of the driver's own version; after the machine's start it takes a minute",
	DeviceNotLicensed:   "the virtual GPU has no licence: `nvidia-smi -q | grep -i license` shows it, who runs the host gives one",
	MpsConnectionFailed: "the server of MPS does not answer: `nvidia-cuda-mps-control -d` starts it, `unset CUDA_MPS_PIPE_DIRECTORY` does without",
	MpsServerNotReady:   "the server of MPS is not up yet: try again, or `unset CUDA_MPS_PIPE_DIRECTORY`",
}

// Mend is what to do about an answer of the driver that has one reason, whichever call gives it; empty for others.
func (r Result) Mend() string { return answers[r] }

// diagnose says why the driver can't be used, and the way out, from the driver's answer and from what the system shows: the kernel lists
// PCI devices and NVIDIA's module whatever libraries are there.
func diagnose(err error, h host) Missing {
	r, _ := ResultOf(err)
	missing := func(what, mend string) Missing { return Missing{"CUDA driver", what, mend} }
	what := strings.TrimPrefix(err.Error(), "driver: ")
	if mend := r.Mend(); mend != "" {
		return missing(what, mend)
	}
	if file := h.denied(); file != "" {
		return missing("no permission to use "+file+": "+what, "`sudo usermod -aG video,render $USER`, then log in again; a batch system gives the card to jobs that ask for one (Slurm: `--gres=gpu:1`)")
	}
	noLibrary := errors.Is(err, ErrNoDriver)
	switch gpu := h.hasGPU(); {
	case r == Unknown || r == OperatingSystem:
		return missing(what, "`sudo modprobe nvidia-uvm`, or reboot")
	case h.visible != nil && !noLibrary:
		return missing("CUDA_VISIBLE_DEVICES="+*h.visible+" hides every GPU: "+what, "`unset CUDA_VISIBLE_DEVICES`, or name one that `nvidia-smi -L` lists")
	case h.isContainer() && noLibrary && h.has("dev/nvidiactl"):
		return missing("the container has the GPU and not its driver's libraries: "+what, "start it with `-e NVIDIA_DRIVER_CAPABILITIES=compute,utility`, beside `--gpus all`")
	case h.isContainer() && (gpu || h.has("proc/driver/nvidia/version")):
		return missing("the container does not see the host's GPU: "+what, "start it with `docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility` (the host needs nvidia-container-toolkit; Apptainer takes `--nv`)")
	case h.isWSL():
		return missing("there is a GPU under WSL, but "+what, "update NVIDIA's driver of Windows, then `wsl --update` and `wsl --shutdown` there; install none inside WSL")
	case gpu && noLibrary:
		return missing("there is an NVIDIA GPU, but "+what, h.installDriver())
	case gpu && h.has("proc/driver/nvidia/version"):
		return missing("there is an NVIDIA GPU, but "+what, "`nvidia-smi` lists what the driver has; a card in MIG mode without slices is none (`sudo nvidia-smi mig -cgi 0 -C` makes one, CUDA_VISIBLE_DEVICES chooses one)")
	case gpu:
		return missing("there is an NVIDIA GPU, but its driver's kernel module is not loaded: "+what, "`sudo modprobe nvidia`; after an update of the kernel install the driver anew ("+h.installDriver()+")")
	}
	return missing("this machine has no NVIDIA GPU: "+what, "none is needed for --device cpu, nor for --device sim, which runs the CUDA kernels in a simulated GPU")
}
