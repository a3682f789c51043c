package device

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"cnn-gpu/kernels/cuda"
)

// source is a CUDA source with all that decides what machine code it becomes, the compiler's version aside.
type source struct {
	name, text string
	headers    map[string]string
	options    []string
}

// cudaSources are the kernels' sources; tests plant bugs into them.
var cudaSources fs.FS = cuda.Sources

// newSource is the source of a launch for an architecture.
func newSource(l cuda.Launch, arch string) (source, error) {
	p := source{name: l.Source, headers: map[string]string{}, options: []string{"-arch=" + arch, "-lineinfo"}}
	for _, d := range l.Defines {
		p.options = append(p.options, "-D"+d.Name+"="+d.Value)
	}
	files, err := fs.Glob(cudaSources, "*.cu*")
	if err != nil {
		return p, err
	}
	for _, file := range files {
		text, err := fs.ReadFile(cudaSources, file)
		if err != nil {
			return p, err
		}
		switch {
		case file == l.Source:
			p.text = string(text)
		case strings.HasSuffix(file, ".cuh"):
			p.headers[file] = string(text)
		}
	}
	if p.text == "" {
		return p, fmt.Errorf("there is no CUDA source %s", l.Source)
	}
	return p, nil
}

// key names the source: two sources have the same key only if they are the same.
func (p source) key() string {
	h := sha256.New()
	add := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	add(p.name)
	add(p.text)
	for _, name := range slices.Sorted(maps.Keys(p.headers)) {
		add(name)
		add(p.headers[name])
	}
	for _, o := range p.options {
		add(o)
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// codeCache is a folder of machine code, a file for each source and version of the compiler. A file holds a checksum and the
// code; one that is torn is as good as none.
type codeCache struct{ dir string } // no folder if empty

// CodeDirEnv names the environment variable that says where the machine code of kernels is kept. A machine that is given a folder
// which [CompileKernels] filled needs no compiler for that model.
const CodeDirEnv = "CNN_GPU_KERNELS"

// CodeDir is the folder that holds the machine code of kernels: in the user's cache unless the environment says otherwise.
func CodeDir() (string, error) {
	if dir := os.Getenv(CodeDirEnv); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for compiled kernels: %w; name one by %s, or use none with --no-cache", err, CodeDirEnv)
	}
	return filepath.Join(dir, "cnn-gpu", "kernels"), nil
}

// CodeSize is how many bytes and files of machine code there are, and in which folder.
func CodeSize() (bytes int64, files int, dir string, err error) {
	if dir, err = CodeDir(); err != nil {
		return 0, 0, "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, 0, dir, err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), codeSuffix) { // it may be gone by now
			bytes += info.Size()
			files++
		}
	}
	return bytes, files, dir, nil
}

func openCodeCache(o Options) (codeCache, error) {
	if o.NoCache {
		return codeCache{}, nil
	}
	dir, err := CodeDir()
	return codeCache{dir}, err
}

const codeSuffix = ".code"

// anyVersion accepts code of every version of the compiler, where there is none at hand.
const anyVersion = "*"

func fileName(key, version string) string { return key + "-nvrtc" + version + codeSuffix }

// find lists the files that match a pattern.
func (c codeCache) find(pattern string) []string {
	if c.dir == "" {
		return nil
	}
	names, _ := fs.Glob(os.DirFS(c.dir), pattern) // the pattern is well formed
	return names
}

// isEmpty says whether there is no machine code at all.
func (c codeCache) isEmpty() bool { return len(c.find("*"+codeSuffix)) == 0 }

func (c codeCache) load(key, version string) ([]byte, bool) {
	for _, name := range c.find(fileName(key, version)) {
		content, err := os.ReadFile(filepath.Join(c.dir, name))
		if err != nil || len(content) <= sha256.Size {
			continue
		}
		image := content[sha256.Size:]
		if sum := sha256.Sum256(image); bytes.Equal(sum[:], content[:sha256.Size]) {
			return image, true
		}
	}
	return nil, false
}

// store keeps machine code for the next time.
func (c codeCache) store(key, version string, image []byte) error {
	if c.dir == "" {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return err
	}
	sum := sha256.Sum256(image)
	return renameio.WriteFile(filepath.Join(c.dir, fileName(key, version)), append(sum[:], image...), 0o666)
}

// NotCompiledError says that code of a kernel is not kept in the folder, and that there is no compiler to make it.
type NotCompiledError struct {
	Source, Architecture string
	NoCompiler           error // why
}

func (e *NotCompiledError) Error() string {
	return fmt.Sprintf("%s is not compiled for %s and these shapes, and there is no compiler "+
		"(cnn-gpu compile fills a folder for a model, a batch and an optimizer, %s names it): %v", e.Source, e.Architecture, CodeDirEnv, e.NoCompiler)
}

func (e *NotCompiledError) Unwrap() error { return e.NoCompiler }
