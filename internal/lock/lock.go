// Package lock keeps a folder to one process at a time, on one machine or on several that share it.
//
// A lock is a file in the folder that says who holds it. Where the file system has flock (local ones, NFS from version 4 on or with its lock
// service), that is what decides: the system itself lets go of the lock of a process that died. Where it has none, or one that holds within a
// machine only (NFS mounted with nolock or local_lock, sshfs), what decides between machines is whether the file is alive: who holds the
// lock touches the file, and one that nobody touched for a minute is taken over.
package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// File is the name of a lock's file in its folder.
const File = ".lock"

const (
	touchInterval = 15 * time.Second
	touchTimeout  = time.Minute            // nobody has touched the file of a dead process for so long
	settleTime    = 200 * time.Millisecond // without flock, who has written last within this time has the lock
)

// Owner is who holds a lock.
type Owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

func self() (Owner, error) {
	host, err := os.Hostname()
	return Owner{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)}, err
}

// HeldError says that another process, or another lock of this one, holds the folder.
type HeldError struct {
	Dir   string
	Owner Owner // zero where the file does not say
}

func (e *HeldError) Error() string {
	if e.Owner.PID == 0 {
		return fmt.Sprintf("%s is in use: another process holds %s", e.Dir, filepath.Join(e.Dir, File))
	}
	return fmt.Sprintf("%s is in use by process %d on %s, since %s", e.Dir, e.Owner.PID, e.Owner.Host, e.Owner.Since.Local().Format(time.DateTime))
}

// Lock is a folder that is held.
type Lock struct {
	path  string
	file  *os.File
	owner Owner
	done  chan struct{} // closed by Release
}

// flock is replaced in tests, which play file systems that have none.
var flock = func(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// Take takes the folder, which must be there. The error of one that is held is a [HeldError].
func Take(dir string) (*Lock, error) {
	owner, err := self()
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	path := filepath.Join(dir, File)
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, fmt.Errorf("lock: %w", err)
		}
		err = take(file, owner)
		if err == nil && !isFile(file, path) { // who held it has removed it meanwhile
			_ = file.Close()
			continue
		}
		var held *HeldError
		if errors.As(err, &held) {
			held.Dir = dir
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		l := &Lock{path, file, owner, make(chan struct{})}
		go l.touch()
		return l, nil
	}
}

// take takes an open file and writes its new owner into it.
func take(file *os.File, owner Owner) error {
	err := flock(file)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return &HeldError{Owner: read(file)}
	}
	has := err == nil
	if !has && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, unix.ENOLCK) {
		return fmt.Errorf("lock: %s: %w", file.Name(), err)
	}
	before := read(file)
	if before.PID != 0 && isAlive(file, before, owner.Host, has) {
		return &HeldError{Owner: before}
	}
	if err := file.Truncate(0); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if err := write(file, owner); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if !has {
		time.Sleep(settleTime)
		if now := read(file); now != owner {
			return &HeldError{Owner: now}
		}
	}
	return nil
}

func write(file *os.File, owner Owner) error {
	text, err := json.Marshal(owner)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(append(text, '\n'), 0)
	return err
}

// isAlive says whether the owner whom a file names still lives; has, whether flock would have let that owner's lock go.
func isAlive(file *os.File, owner Owner, host string, has bool) bool {
	if owner.Host == host {
		// Of a process that is not ours to signal the error is another one.
		return !has && !errors.Is(unix.Kill(owner.PID, 0), unix.ESRCH) && isFresh(file)
	}
	return (!has || isShared(file)) && isFresh(file)
}

// isFresh says whether the file was touched lately, by the clock of the machine that holds it.
func isFresh(file *os.File) bool {
	info, err := file.Stat()
	if err != nil {
		return false
	}
	now := time.Now()
	if probe, err := os.CreateTemp(filepath.Dir(file.Name()), File+"-*"); err == nil {
		if made, err := probe.Stat(); err == nil {
			now = made.ModTime()
		}
		_ = probe.Close()
		_ = os.Remove(probe.Name())
	}
	return now.Sub(info.ModTime()) < touchTimeout
}

// isFile says whether an open file is still the one of that name.
func isFile(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(opened, named)
}

// read is who the file says holds it.
func read(file *os.File) (o Owner) {
	text := make([]byte, 4096)
	n, _ := file.ReadAt(text, 0)
	_ = json.Unmarshal(text[:n], &o) // half a line names nobody
	return o
}

// touch shows other machines that the owner lives.
func (l *Lock) touch() {
	for ticks := time.NewTicker(touchInterval); ; {
		select {
		case <-l.done:
			ticks.Stop()
			return
		case <-ticks.C:
			_ = write(l.file, l.owner) // by the clock of who keeps the file; a folder that is gone is noticed by who saves into it
		}
	}
}

// Holds says whether the folder still has the lock's file: it has not where somebody removed or moved it.
func (l *Lock) Holds() bool {
	if isFile(l.file, l.path) {
		return true
	}
	// Only a file that is gone or another's tells; a folder that cannot be looked at is still held.
	_, err := os.Stat(l.path)
	return err != nil && !errors.Is(err, fs.ErrNotExist)
}

// Release gives the folder free and removes the file. It is no error if that is gone already, or if it was released before.
func (l *Lock) Release() error {
	select {
	case <-l.done:
		return nil
	default:
		close(l.done)
	}
	if isFile(l.file, l.path) {
		_ = os.Remove(l.path) // what stays behind in a folder that is read-only now hinders nobody
	}
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}
