package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mounted runs a script in mounts of its own, or skips the test where that is not allowed.
func mounted(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	probe := exec.Command("sh", "-c", "mount -t tmpfs -o size=1m tmpfs "+t.TempDir())
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS}
	if output, err := probe.CombinedOutput(); err != nil {
		t.Skipf("this test may not mount: %v: %s", err, output)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS}
	return cmd
}

// On a disk that is full for a while the training goes on, and has everything saved in the end; on one that stays full it fails.
func TestAFullDisk(t *testing.T) {
	w := newTiny(t)
	disk := t.TempDir()
	w.out = filepath.Join(disk, "run")
	const full = `mount -t tmpfs -o size=256k tmpfs "$DISK" && touch "$DISK/filler" || exit 1
	( while [ ! -f "$DISK/run/weights.safetensors" ]; do sleep 0.01; done
	cat /dev/zero > "$DISK/filler" 2>/dev/null; echo filled >&2
	read line && rm "$DISK/filler" && echo freed >&2 && read line) <&3 & exec "$@"`
	for name, c := range map[string]struct {
		frees bool
		code  int
	}{"for a while": {true, 128 + int(syscall.SIGTERM)}, "to the end": {false, exitFailure}} {
		t.Run(name, func(t *testing.T) {
			cmd := mounted(t, command(full, w.long()...))
			read, write, err := os.Pipe()
			require.NoError(t, err)
			defer write.Close()
			cmd.Env, cmd.ExtraFiles = append(cmd.Env, "DISK="+disk), []*os.File{read}
			p := start(t, cmd)
			require.NoError(t, read.Close())
			p.until(t, "no space left on device")
			assert.Contains(t, p.stderr.String(), "could not be saved; the training goes on, and the next save tries again")
			if c.frees {
				_, err = write.WriteString("free\n")
				require.NoError(t, err)
				p.until(t, "freed")
				last := strings.Count(p.stdout.String(), "Epoch ")
				require.Eventually(t, func() bool { return strings.Count(p.stdout.String(), "Epoch ") > last+3 }, wait, poll)
			}
			p.signal(t, syscall.SIGTERM)
			require.NoError(t, write.Close())
			assert.Equal(t, c.code, p.end(t), &p.stderr)
		})
	}
}

func TestAReadOnlyFolder(t *testing.T) {
	w := newTiny(t)
	disk := t.TempDir()
	w.out = filepath.Join(disk, "run")
	cmd := mounted(t, command(`mount -t tmpfs -o size=256k tmpfs "$DISK" && mount -o remount,ro "$DISK" && exec "$@"`, w.trainArgs()...))
	cmd.Env = append(cmd.Env, "DISK="+disk)
	output, err := cmd.CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(output), "cannot make the run's folder: mkdir "+w.out+": read-only file system; give another one by --out")
	assert.NotContains(t, string(output), "goroutine")

	const later = `mount -t tmpfs -o size=1m tmpfs "$DISK" || exit 1
	( while [ ! -f "$DISK/run/weights.safetensors" ]; do sleep 0.01; done
	mount --bind "$DISK/run" "$DISK/run" && mount -o remount,bind,ro "$DISK/run") & exec "$@"`
	cmd = mounted(t, command(later, w.long()...))
	cmd.Env = append(cmd.Env, "DISK="+disk)
	p := start(t, cmd)
	p.until(t, "Warning: weights.safetensors could not be saved")
	p.signal(t, syscall.SIGTERM)
	assert.Equal(t, exitFailure, p.end(t), &p.stderr)
}
