package driver

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDiagnose(t *testing.T) {
	const (
		gpu       = "sys/bus/pci/devices/0000:41:00.0"
		osRelease = "etc/os-release"
	)
	nvidia := map[string]string{gpu + "/vendor": "0x10de\n", gpu + "/class": "0x030200\n"}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	for name, c := range map[string]struct {
		result     Result
		files      []map[string]string
		what, mend string
	}{
		"no GPU":          {NoDevice, nil, "this machine has no NVIDIA GPU", "--device sim"},
		"NVIDIA's audio":  {NoDevice, []map[string]string{{gpu + "/vendor": "0x10de", gpu + "/class": "0x040300"}}, "no NVIDIA GPU", "--device sim"},
		"another's GPU":   {NoDevice, []map[string]string{{gpu + "/vendor": "0x1002", gpu + "/class": "0x030000"}}, "no NVIDIA GPU", "--device sim"},
		"GPU, no driver":  {NoDevice, []map[string]string{nvidia}, "there is an NVIDIA GPU", "install NVIDIA's driver"},
		"the same, WSL":   {NoDevice, []map[string]string{{"dev/dxg": "", "usr/lib/wsl/lib/x": ""}}, "there is an NVIDIA GPU", "install"},
		"Debian":          {NoDevice, []map[string]string{nvidia, {osRelease: "NAME=x\nID=debian\n"}}, "GPU", "sudo apt-get install nvidia-driver"},
		"like Ubuntu":     {NoDevice, []map[string]string{nvidia, {osRelease: "ID=pop\nID_LIKE=\"ubuntu debian\"\n"}}, "GPU", "ubuntu-drivers"},
		"container":       {NoDevice, []map[string]string{nvidia, {".dockerenv": ""}}, "", "docker run --gpus all"},
		"stub":            {StubLibrary, nil, "CUDA_ERROR_STUB_LIBRARY (34)", "LD_LIBRARY_PATH"},
		"updated":         {SystemDriverMismatch, nil, "(803)", "reboot"},
		"fabric manager":  {SystemNotReady, nil, "(802)", "nvidia-fabricmanager"},
		"unknown problem": {Unknown, nil, "(999)", "modprobe nvidia-uvm"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, files := range c.files {
				for f, content := range files {
					f = filepath.Join(root, f)
					require.NoError(t, os.MkdirAll(filepath.Dir(f), 0o755))
					require.NoError(t, os.WriteFile(f, []byte(content), 0o644))
				}
			}
			m := diagnose(fmt.Errorf("driver: libcuda.so.1 does not start: %w", c.result), root)
			assert.Contains(t, m.What, c.what)
			assert.Contains(t, m.What, "libcuda.so.1 does not start")
			assert.Contains(t, m.Mend, c.mend)
		})
	}
}

// Whatever there is, the report says it, or how to get it.
func TestProbe(t *testing.T) {
	r := Probe()
	if !Built {
		require.Len(t, r.Missing, 1)
		assert.Contains(t, r.Missing[0].Mend, "make build")
		return
	}
	for _, m := range r.Missing {
		assert.NotEmpty(t, m.What)
		assert.NotEmpty(t, m.Mend)
	}
	missing := 0
	if len(r.GPUs) == 0 {
		missing++
	}
	if r.NVRTC == "" {
		missing++
	}
	assert.Len(t, r.Missing, missing)
	t.Logf("%+v", r)
}
