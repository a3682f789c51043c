package cufile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"cnn-gpu/device/driver/nvrtc"
)

// key names all that decides what a file becomes: its text and those of its headers, the options, the compiler and its headers, this program.
func (u *unit) key(library *nvrtc.Library, toolkit nvrtc.Headers) string {
	h := sha256.New()
	add := func(parts ...string) {
		for _, s := range parts {
			fmt.Fprintf(h, "%d:%s", len(s), s)
		}
	}
	add(library.Path, fmt.Sprint(library.Major, library.Minor), toolkit.Version)
	add(u.main, u.text(u.main))
	headers := u.headers()
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		add(name, headers[name])
	}
	add(u.options...)
	add("kernels")
	add(u.instances...)
	add(u.instancesOf(u.templates())...)
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// path is the file that keeps a program; empty where there is no place for it. CNN_GPU_KERNELS names the folder, as for the kernels of GPUs.
func path(key string) string {
	dir := os.Getenv("CNN_GPU_KERNELS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(cache, "cnn-gpu", "kernels")
	}
	return filepath.Join(dir, key+".ptx.json")
}

func load(key string) (*Program, bool) {
	content, err := os.ReadFile(path(key))
	if err != nil {
		return nil, false
	}
	p := &Program{}
	return p, json.Unmarshal(content, p) == nil && len(p.PTX) > 0
}

// store keeps a program for the next time. A full disk or a folder that cannot be written costs that time, and is no reason to stop this one.
func store(key string, p *Program) {
	file := path(key)
	content, err := json.Marshal(p)
	if file == "" || err != nil || os.MkdirAll(filepath.Dir(file), 0o777) != nil {
		return
	}
	_ = renameio.WriteFile(file, content, 0o666)
}
