package nvrtc

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// Headers are the folders of NVIDIA's headers for device code: cuda_fp16.h, mma.h, cub and their like.
type Headers struct {
	Folders []string // for -I, in this order
	Version string   // what decides their text: where they are, and the version of CUDA that they say
}

// IncludeEnv names the environment variable with a folder of NVIDIA's headers; then no other is looked for.
const IncludeEnv = "CNN_GPU_CUDA_INCLUDE"

// marker is a header that every toolkit has, and its wheels.
const marker = "cuda_fp16.h"

// HoldsHeaders says whether a folder holds NVIDIA's headers.
func HoldsHeaders(folder string) bool {
	for _, name := range []string{marker, "cub/cub.cuh", "crt/mma.h", "curand_kernel.h"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return true
		}
	}
	return false
}

// FindHeaders looks for the headers that belong to a library, those of its own version of CUDA first, else those of the same major version: where
// CNN_GPU_CUDA_INCLUDE points, then where [Open] looks for the library. There are none if the list of folders is empty.
func FindHeaders(l *Library) Headers {
	if chosen := os.Getenv(IncludeEnv); chosen != "" {
		return headersOf(filepath.SplitList(chosen))
	}
	best := Headers{}
	bestMinor := -1
	for _, set := range headerFolders(l) {
		h := headersOf(set)
		major, minor := headerVersion(h.Folders)
		if major != l.Major || minor == bestMinor || bestMinor == l.Minor {
			continue
		}
		if bestMinor < 0 || minor == l.Minor {
			best, bestMinor = h, minor
		}
	}
	return best
}

// headerFolders lists sets of folders that may hold the headers, the first ones first.
func headerFolders(l *Library) (sets [][]string) {
	add := func(folders ...string) { sets = append(sets, folders) }
	wheels := func(folder string) { add(filepath.Join(folder, "nvidia")) }
	for _, dir := range caches("cuda-headers") {
		wheels(dir)
	}
	toolkits := []string{os.Getenv("CUDA_HOME"), os.Getenv("CUDA_PATH"), os.Getenv("CONDA_PREFIX"), filepath.Join(filepath.Dir(l.Path), ".."), system}
	for _, root := range append(toolkits, newestFirst(filepath.Dir(system), "cuda-*")...) {
		if root != "" {
			add(filepath.Join(root, "include"), filepath.Join(root, "targets", target(), "include"))
		}
	}
	for _, dir := range pythonFolders() {
		wheels(dir)
	}
	return sets
}

// headersOf takes the folders that hold headers; of a folder of wheels those in it, of CUDA 13's the folder cccl in it.
func headersOf(folders []string) (h Headers) {
	for _, folder := range folders {
		inner := glob(filepath.Clean(folder), "*/include")
		for _, f := range append([]string{folder}, inner...) {
			for _, f := range []string{f, filepath.Join(f, "cccl")} {
				if HoldsHeaders(f) {
					h.Folders = append(h.Folders, f)
				}
			}
		}
	}
	major, minor := headerVersion(h.Folders)
	h.Version = fmt.Sprintf("%d.%d %q", major, minor, h.Folders)
	return h
}

var cudaVersion = regexp.MustCompile(`(?m)^#define CUDA_VERSION (\d+)`)

// headerVersion is CUDA's version that headers say they are of.
func headerVersion(folders []string) (major, minor int) {
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "cuda.h"))
		if m := cudaVersion.FindSubmatch(text); err == nil && m != nil {
			n, _ := strconv.Atoi(string(m[1]))
			return n / 1000, n % 1000 / 10
		}
	}
	return 0, 0
}
