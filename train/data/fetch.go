package data

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

// FetchOptions changes how Fetch works; the zero value is good.
type FetchOptions struct {
	// Dir is the folder to write to; CacheDir(name) if empty.
	Dir string
	// Mirrors are base addresses to use instead of the built-in ones.
	Mirrors []string
	// Stall is how long a mirror may stay silent; 20 seconds if 0.
	Stall time.Duration
	// Progress, if not nil, is told the bytes done so far and in all, from the goroutine that called Fetch.
	// A file that has to be begun again takes its bytes back.
	Progress func(done, total int64)
}

// CacheDir is the folder in which Fetch leaves a set and Open finds it: cnn-gpu/data/NAME in the user's
// cache folder (os.UserCacheDir).
func CacheDir(name string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("data: no cache folder for %s: %w; name a folder with --data-dir DIR", name, err)
	}
	return filepath.Join(base, "cnn-gpu", "data", name), nil
}

// Fetch downloads a set's files (one of Fetchable) and returns their folder. Files that are there and
// right are kept, those that a package of the system has brought are copied, and those of another set never written over. A file appears under its name only when it is whole and its SHA-256 is the published
// one; until then it is a temporary file, removed on any error and when ctx is cancelled. What one mirror
// fails to give is asked of the next; if all fail, the error lists what each of them answered.
func Fetch(ctx context.Context, name string, o FetchOptions) (dir string, err error) {
	k, ok := lookUp(name)
	switch {
	case !ok:
		return "", fmt.Errorf("data: no set %q to fetch: expected %s", name, strings.Join(Fetchable(), ", "))
	case len(k.mirrors) == 0:
		return "", fmt.Errorf("data: %s is not fetched: %s", name, k.byHand)
	}
	return k.fetch(ctx, o)
}

func (k known) fetch(ctx context.Context, o FetchOptions) (string, error) {
	if o.Dir == "" {
		dir, err := CacheDir(k.name)
		if err != nil {
			return "", err
		}
		o.Dir = dir
	}
	if len(o.Mirrors) == 0 {
		o.Mirrors = k.mirrors
	}
	if o.Stall == 0 {
		o.Stall = 20 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(done, total int64) {}
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return "", fmt.Errorf("data: fetch %s: %w; give another folder with --data-dir DIR", k.name, err)
	}
	var done, total int64
	for _, d := range k.files {
		total += d.size
	}
	for kind, d := range k.files {
		progress := func(n int64) { o.Progress(done+min(n, d.size), total) }
		if !d.present(o.Dir) {
			if owner := k.displaces(kind, o.Dir); owner != "" {
				return "", fmt.Errorf("data: fetch %s: %s in %s is a file of %s: give another folder with --data-dir DIR", k.name, d.name, o.Dir, owner)
			}
			if err := d.fetch(ctx, k.systemFolders(), o, progress); err != nil {
				return "", fmt.Errorf("data: fetch %s: %w", k.name, err)
			}
		}
		progress(d.size)
		done += d.size
	}
	return o.Dir, nil
}

// present reports whether the folder holds the right file already.
func (d download) present(dir string) bool {
	f, err := os.Open(filepath.Join(dir, d.name))
	if err != nil {
		return false
	}
	defer f.Close()
	return d.verify(f) == nil
}

// displaces is the other set, if there is one, whose file stands where the one of that kind would go.
func (k known) displaces(kind int, dir string) string {
	for _, other := range catalog {
		if other.name == k.name || kind >= len(other.files) {
			continue
		}
		d := other.files[kind]
		d.name = k.files[kind].name
		if d.present(dir) {
			return other.name
		}
	}
	return ""
}

// fetch takes the file from a folder of this machine that holds the right one, or asks one mirror after the other for it. Errors of this
// machine's own (no space, no right to write) end it at once: another mirror would not help.
func (d download) fetch(ctx context.Context, folders []string, o FetchOptions, progress func(int64)) error {
	for _, dir := range folders {
		if d.present(dir) {
			return d.copy(dir, o.Dir)
		}
	}
	var answers []string
	for _, mirror := range o.Mirrors {
		address := strings.TrimSuffix(mirror, "/") + "/" + d.name
		err := d.fetchFrom(ctx, address, o, progress)
		var fault *mirrorError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("stopped while %s was under way: %w", d.name, context.Cause(ctx))
		case !errors.As(err, &fault):
			return err
		}
		answers = append(answers, fmt.Sprintf("  %s: %v", address, fault.err))
	}
	return fmt.Errorf("no mirror gave %s:\n%s\nWith the files from elsewhere, name their folder with --data-dir DIR", d.name, strings.Join(answers, "\n"))
}

// copy takes the file from another folder.
func (d download) copy(from, to string) (err error) {
	in, err := os.Open(filepath.Join(from, d.name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	file, err := d.pending(to)
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if _, err := io.Copy(file, in); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// pending is the file before it has its name.
func (d download) pending(dir string) (*renameio.PendingFile, error) {
	return renameio.NewPendingFile(filepath.Join(dir, d.name), renameio.WithTempDir(dir), renameio.WithPermissions(0o644))
}

// mirrorError is a fault of the mirror or of the way to it.
type mirrorError struct{ err error }

func (e *mirrorError) Error() string { return e.err.Error() }

func (d download) fetchFrom(ctx context.Context, address string, o FetchOptions, progress func(int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(o.Stall, func() { cancel(fmt.Errorf("silent for %v", o.Stall)) })
	defer watchdog.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return &mirrorError{err}
	}
	// Without this, Go's client would take a .gz that is marked as encoded and unpack it on the way.
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return &mirrorError{because(ctx, err)}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &mirrorError{fmt.Errorf("answered %s", resp.Status)}
	}

	file, err := d.pending(o.Dir)
	if err != nil {
		return err
	}
	defer file.Cleanup()
	// A mirror that packed the content anew may serve another length, but not any.
	most := 2*d.size + 1<<20
	var read int64
	chunk := make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(chunk)
		watchdog.Reset(o.Stall)
		if _, err := file.Write(chunk[:n]); err != nil {
			return err
		}
		if read += int64(n); read > most {
			return &mirrorError{fmt.Errorf("sent more than %d bytes, expected about %d", most, d.size)}
		}
		progress(read)
		if err == io.EOF {
			break
		}
		if err != nil {
			return &mirrorError{fmt.Errorf("broke off after %d bytes of about %d: %w", read, d.size, because(ctx, err))}
		}
	}
	watchdog.Stop()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := d.verify(file); err != nil {
		return &mirrorError{err}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}

// because words the error of a request: the reason for which it was cancelled, and no second address.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// verify reads a .gz to its end and compares it with what it should be.
func (d download) verify(gz io.Reader) error {
	what, want, in := "file", d.gzSHA256, gz
	if d.contentSHA256 != "" {
		z, err := newGunzip(bufio.NewReader(gz))
		if err != nil {
			return fmt.Errorf("wrong content: not a gzip file: %w", err)
		}
		what, want, in = "uncompressed content", d.contentSHA256, io.LimitReader(z, d.contentSize+1)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, in); err != nil {
		return fmt.Errorf("wrong content: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("wrong content: SHA-256 of the %s is %s, expected %s", what, got, want)
	}
	return nil
}
