package driver

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/internal/markdown"
)

// The files by which a system shows what it has.
const (
	pciDevice = "sys/bus/pci/devices/0000:41:00.0"
	osRelease = "etc/os-release"
	module    = "proc/driver/nvidia/version"
	container = ".dockerenv"
)

func card() map[string]string {
	return map[string]string{pciDevice + "/vendor": "0x10de\n", pciDevice + "/class": "0x030200\n"}
}

// cardAnd is a machine with a GPU and files.
func cardAnd(files ...string) map[string]string {
	m := card()
	for _, f := range files {
		m[f] = ""
	}
	return m
}

// situation is a system whose driver does not start, and what the user reads.
type situation struct {
	row       string // of the page; empty for a variant of another one
	result    Result // the driver's answer
	noLibrary bool   // libcuda was not found
	files     map[string]string
	visible   string // CUDA_VISIBLE_DEVICES, if it is set
	denied    string // a file that the user may not open
	what      string
	mend      string
}

var situations = []situation{
	{row: "no NVIDIA GPU", result: NoDevice, noLibrary: true, what: "this machine has no NVIDIA GPU", mend: "--device sim"},
	{result: NoDevice, files: map[string]string{pciDevice + "/vendor": "0x10de", pciDevice + "/class": "0x040300"}, what: "no NVIDIA GPU", mend: "--device sim"},
	{result: NoDevice, files: map[string]string{pciDevice + "/vendor": "0x1002", pciDevice + "/class": "0x030000"}, what: "no NVIDIA GPU", mend: "--device sim"},
	{row: "a GPU without a driver", result: NoDevice, noLibrary: true, files: card(), what: "there is an NVIDIA GPU, but", mend: "install NVIDIA's driver"},
	{result: NoDevice, noLibrary: true, files: withRelease("NAME=x\nID=debian\n"), what: "GPU", mend: "sudo apt-get install nvidia-driver"},
	{result: NoDevice, noLibrary: true, files: withRelease("ID=pop\nID_LIKE=\"ubuntu debian\"\n"), what: "GPU", mend: "ubuntu-drivers"},
	{row: "the driver's kernel module is not loaded", result: NoDevice, files: card(), what: "kernel module is not loaded", mend: "sudo modprobe nvidia"},
	{row: "MIG mode without slices", result: NoDevice, files: cardAnd(module), what: "there is an NVIDIA GPU, but", mend: "sudo nvidia-smi mig -cgi 0 -C"},
	{row: "WSL", result: NoDevice, noLibrary: true, files: map[string]string{"dev/dxg": "", "usr/lib/wsl/lib/x": ""}, what: "there is a GPU under WSL, but", mend: "wsl --update"},
	{row: "a container without the GPU", result: NoDevice, noLibrary: true, files: cardAnd(container), what: "the container does not see", mend: "docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility"},
	{row: "a container without `compute`", result: NoDevice, noLibrary: true, files: cardAnd(container, module, "dev/nvidiactl"),
		what: "the container has the GPU and not its driver's libraries", mend: "-e NVIDIA_DRIVER_CAPABILITIES=compute,utility"},
	{row: "no permission", result: NoDevice, files: cardAnd(module, "dev/nvidiactl", "dev/nvidia0"), denied: "dev/nvidia0", what: "no permission to use", mend: "sudo usermod -aG video,render $USER"},
	{row: "all GPUs are hidden", result: NoDevice, files: cardAnd(module), visible: "-1", what: "CUDA_VISIBLE_DEVICES=-1 hides every GPU", mend: "unset CUDA_VISIBLE_DEVICES"},
	{row: "the toolkit's stub", result: StubLibrary, what: "CUDA_ERROR_STUB_LIBRARY (34)", mend: "LD_LIBRARY_PATH"},
	{row: "a driver that was updated", result: SystemDriverMismatch, what: "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)", mend: "reboot"},
	{row: "a package for compatibility", result: CompatNotSupportedOnDevice, what: "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE (804)", mend: "/usr/local/cuda/compat"},
	{row: "no fabric manager", result: SystemNotReady, what: "CUDA_ERROR_SYSTEM_NOT_READY (802)", mend: "sudo systemctl start nvidia-fabricmanager"},
	{row: "a virtual GPU without a licence", result: DeviceNotLicensed, what: "CUDA_ERROR_DEVICE_NOT_LICENSED (102)", mend: "nvidia-smi -q | grep -i license"},
	{row: "MPS without its server", result: MpsConnectionFailed, what: "CUDA_ERROR_MPS_CONNECTION_FAILED (805)", mend: "unset CUDA_MPS_PIPE_DIRECTORY"},
	{result: MpsServerNotReady, what: "(807)", mend: "unset CUDA_MPS_PIPE_DIRECTORY"},
	{row: "no `/dev/nvidia-uvm`", result: Unknown, files: cardAnd(module), what: "CUDA_ERROR_UNKNOWN (999)", mend: "sudo modprobe nvidia-uvm"},
	{result: OperatingSystem, files: cardAnd(module), what: "(304)", mend: "sudo modprobe nvidia-uvm"},
}

func withRelease(text string) map[string]string {
	m := card()
	m[osRelease] = text
	return m
}

// diagnosed is what is said in a situation.
func (s situation) diagnosed(t *testing.T) Missing {
	t.Helper()
	root := t.TempDir()
	for f, content := range s.files {
		f = filepath.Join(root, f)
		require.NoError(t, os.MkdirAll(filepath.Dir(f), 0o755))
		require.NoError(t, os.WriteFile(f, []byte(content), 0o644))
	}
	h := host{root: root, open: func(file string) error {
		if s.denied != "" && strings.HasSuffix(file, s.denied) {
			return &fs.PathError{Op: "open", Path: file, Err: fs.ErrPermission}
		}
		return nil
	}}
	if s.visible != "" {
		h.visible = &s.visible
	}
	err := fmt.Errorf("driver: libcuda.so.1 does not start: %w", s.result)
	if s.noLibrary {
		err = fmt.Errorf("driver: %w: libcuda.so.1 is not there: %w", ErrNoDriver, s.result)
	}
	m := diagnose(err, h)
	assert.Contains(t, m.What, strings.TrimPrefix(err.Error(), "driver: "), s.row)
	return m
}

func TestDiagnose(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	for _, s := range situations {
		m := s.diagnosed(t)
		assert.Contains(t, m.What, s.what, "%+v", s)
		assert.Contains(t, m.Mend, s.mend, "%+v", s)
	}
}

// The page for those who have a GPU shows each of these situations with what is said in it.
func TestSituationsOnThePage(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	const file, heading = "../../docs/gpu-host.md", "### When CUDA does not start"
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	var rows []string
	for _, row := range markdown.Table(string(page), heading) {
		require.Len(t, row, 3)
		rows = append(rows, row[0])
		at := slices.IndexFunc(situations, func(s situation) bool { return s.row == row[0] })
		if !assert.GreaterOrEqual(t, at, 0, "%s: %s is in no test", file, row[0]) {
			continue
		}
		m := situations[at].diagnosed(t)
		for _, code := range append(markdown.Code(row[1]), markdown.Code(row[2])...) {
			assert.Contains(t, m.What+"\n"+m.Mend, code, row[0])
		}
		assert.NotEmpty(t, markdown.Code(row[1]), row[0])
	}
	for _, s := range situations {
		if s.row != "" {
			assert.Contains(t, rows, s.row, "%s, %s", file, heading)
		}
	}
}
