package lock

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func mustTake(t *testing.T, dir string) *Lock {
	t.Helper()
	l, err := Take(dir)
	require.NoError(t, err)
	return l
}

func TestOneHolds(t *testing.T) {
	dir := t.TempDir()
	l := mustTake(t, dir)
	_, err := Take(dir)
	var held *HeldError
	require.ErrorAs(t, err, &held)
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, os.Getpid(), held.Owner.PID)
	assert.Equal(t, host, held.Owner.Host)
	assert.WithinDuration(t, time.Now(), held.Owner.Since, time.Minute)
	assert.Regexp(t, `^`+dir+` is in use by process \d+ on `+host+`, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`, held.Error())

	assert.True(t, l.Holds())
	require.NoError(t, l.Release())
	assert.NoFileExists(t, filepath.Join(dir, File))
	require.NoError(t, mustTake(t, dir).Release())
}

// Many take and release at once; at no time do two hold.
func TestNeverTwo(t *testing.T) {
	dir := t.TempDir()
	var holders, taken atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				l, err := Take(dir)
				if err != nil {
					assert.ErrorAs(t, err, new(*HeldError))
					continue
				}
				assert.EqualValues(t, 1, holders.Add(1))
				taken.Add(1)
				holders.Add(-1)
				assert.NoError(t, l.Release())
			}
		})
	}
	all.Wait()
	assert.NotZero(t, taken.Load())
}

func TestTheFileIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.Mkdir(dir, 0o777))
	l := mustTake(t, dir)
	require.NoError(t, os.RemoveAll(dir))
	assert.False(t, l.Holds())
	require.NoError(t, os.Mkdir(dir, 0o777))
	other := mustTake(t, dir)
	assert.False(t, l.Holds(), "it is another's")
	require.NoError(t, l.Release())
	assert.True(t, other.Holds(), "the other's file stays")
	require.NoError(t, other.Release())
	_, err := Take(filepath.Join(dir, "nowhere"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// leave writes the file of an owner who did not release it.
func leave(t *testing.T, o Owner, age time.Duration) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text, err := json.Marshal(o)
	require.NoError(t, err)
	path := filepath.Join(dir, File)
	require.NoError(t, os.WriteFile(path, text, 0o666))
	then := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(path, then, then))
	return dir
}

func TestTakenOver(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	dead := exec.Command(os.Args[0], "-test.run", "^$")
	require.NoError(t, dead.Run())
	here, gone := Owner{PID: os.Getpid(), Host: host}, Owner{PID: dead.Process.Pid, Host: host}
	there := Owner{PID: 1, Host: "another-" + host}
	for name, c := range map[string]struct {
		flock  error
		shared bool
		owner  Owner
		age    time.Duration
		held   bool
	}{
		"a dead process":                        {owner: gone},
		"flock tells, not the number":           {owner: here},
		"another name of this machine":          {owner: there},
		"shared, alive on another machine":      {shared: true, owner: there, held: true},
		"shared, dead on another machine":       {shared: true, owner: there, age: 2 * touchTimeout},
		"shared, here":                          {shared: true, owner: here},
		"without flock, alive":                  {flock: unix.ENOTSUP, owner: here, held: true},
		"without flock, dead":                   {flock: unix.ENOTSUP, owner: gone},
		"without flock, a number given anew":    {flock: unix.ENOTSUP, owner: here, age: 2 * touchTimeout},
		"without flock, alive elsewhere":        {flock: unix.ENOLCK, owner: there, held: true},
		"without flock, dead elsewhere":         {flock: unix.ENOLCK, owner: there, age: 2 * touchTimeout},
		"without flock, nobody has had it ever": {flock: unix.ENOSYS},
	} {
		t.Run(name, func(t *testing.T) {
			realFlock, realShared := flock, isShared
			t.Cleanup(func() { flock, isShared = realFlock, realShared })
			if c.flock != nil {
				flock = func(*os.File) error { return c.flock }
			}
			isShared = func(*os.File) bool { return c.shared }
			dir := leave(t, c.owner, c.age)
			l, err := Take(dir)
			if c.held {
				var held *HeldError
				require.ErrorAs(t, err, &held)
				assert.Equal(t, c.owner, held.Owner)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, os.Getpid(), read(l.file).PID)
			require.NoError(t, l.Release())
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
}

// Without flock, of two that find the folder free at once the last to write has it.
func TestWithoutFlockTheLastWriterHolds(t *testing.T) {
	realFlock := flock
	t.Cleanup(func() { flock = realFlock })
	flock = func(f *os.File) error {
		go func() {
			time.Sleep(settleTime / 4)
			assert.NoError(t, write(f, Owner{PID: 1, Host: "another"}))
		}()
		return unix.ENOTSUP
	}
	_, err := Take(t.TempDir())
	var held *HeldError
	require.ErrorAs(t, err, &held)
	assert.Equal(t, "another", held.Owner.Host)
}
