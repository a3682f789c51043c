package nvrtc

import (
	"cmp"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

const system = "/usr/local/cuda"

// folders lists where NVRTC's library may lie, the first ones first. The empty one stands for the system loader's path.
func folders() (list []string) {
	under := func(root string, patterns ...string) {
		for _, p := range patterns {
			list = append(list, newestFirst(root, p)...)
		}
	}
	packages := []string{"nvidia/cu13/lib", "nvidia/cuda_nvrtc/lib"}

	for _, dir := range caches("nvrtc") {
		under(dir, append(packages, ".")...)
	}

	list = append(list, "")

	toolkit := []string{"lib64", "targets/" + target() + "/lib"}
	under(os.Getenv("CUDA_HOME"), toolkit...)
	under(os.Getenv("CUDA_PATH"), toolkit...)
	under(system, toolkit...)
	for _, t := range toolkit {
		under(filepath.Dir(system), "cuda-*/"+t)
	}

	for _, dir := range pythonFolders() {
		under(dir, packages...)
	}
	return list
}

// glob lists what fits a pattern in a folder, whose own name may hold anything. Without a folder there is nothing.
func glob(root, pattern string) []string {
	if root == "" {
		return nil
	}
	found, _ := fs.Glob(os.DirFS(root), pattern) // the patterns are well formed
	for i, f := range found {
		found[i] = filepath.Join(root, f)
	}
	return found
}

// newestFirst lists what [glob] finds by the numbers in the names.
func newestFirst(root, pattern string) []string {
	found := glob(root, pattern)
	slices.SortFunc(found, func(a, b string) int { return compareNumbers(b, a) })
	return found
}

// target is the folder of a toolkit with what is for this machine.
func target() string {
	return map[string]string{"amd64": "x86_64-linux", "arm64": "sbsa-linux"}[runtime.GOARCH]
}

// pythonFolders lists where Python's packages may lie, those of its newest version first.
func pythonFolders() (list []string) {
	list = filepath.SplitList(os.Getenv("PYTHONPATH"))
	home, _ := os.UserHomeDir()
	prefixes := []string{os.Getenv("VIRTUAL_ENV"), os.Getenv("CONDA_PREFIX")}
	if python, err := exec.LookPath("python3"); err == nil {
		if real, err := filepath.EvalSymlinks(python); err == nil {
			prefixes = append(prefixes, filepath.Dir(filepath.Dir(real)))
		}
	}
	for _, prefix := range append(prefixes, filepath.Join(home, ".local"), "/usr/local", "/usr") {
		list = append(list, newestFirst(prefix, "lib/python3*/site-packages")...)
		list = append(list, newestFirst(prefix, "lib/python3*/dist-packages")...)
	}
	return append(list, newestFirst(home, ".pyenv/versions/*/lib/python3*/site-packages")...)
}

// caches lists where the targets of the Makefile put what they bring, seen from wherever the program stands: in the project's folder or, for its tests,
// below it.
func caches(name string) (list []string) {
	cache := filepath.Join(".cache", name)
	if dir, err := os.Getwd(); err == nil {
		list = append(list, filepath.Join(dir, cache))
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				list = append(list, filepath.Join(dir, cache))
				break
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		list = append(list, filepath.Join(filepath.Dir(exe), cache), filepath.Join(filepath.Dir(exe), "..", cache))
	}
	if dir, err := os.UserCacheDir(); err == nil {
		list = append(list, filepath.Join(dir, "cnn-gpu", name))
	}
	return list
}

var libraryFile = regexp.MustCompile(`^libnvrtc\.so(\.[0-9.]+)?$`)

// libraries lists the files of NVRTC in a folder, the newest first, each file once.
func libraries(folder string) (files []string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var seen []os.FileInfo
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return compareNumbers(b.Name(), a.Name()) })
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		info, err := os.Stat(path) // follows links
		if !libraryFile.MatchString(e.Name()) || err != nil || !info.Mode().IsRegular() ||
			slices.ContainsFunc(seen, func(s os.FileInfo) bool { return os.SameFile(s, info) }) {
			continue
		}
		seen = append(seen, info)
		files = append(files, path)
	}
	return files
}

// builtins finds the builtins' library that belongs to a library's file; empty where the loader must find it.
func builtins(file string) string {
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "libnvrtc-builtins.so*"))
	if len(found) == 0 {
		return ""
	}
	return slices.MaxFunc(found, compareNumbers)
}

var numbers = regexp.MustCompile(`[0-9]+`)

// compareNumbers orders names by the numbers in them, so that cuda-12.10 comes after cuda-12.9, then by their text.
func compareNumbers(a, b string) int {
	x, y := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if c := cmp.Compare(m, n); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}
