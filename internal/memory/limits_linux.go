package memory

import (
	"bufio"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	machine = "the machine's memory"
	group   = "the control group's memory limit"
)

// systemLimits reads the limits from the files of a system.
func systemLimits(root fs.FS) []Limit {
	limits := []Limit{
		{addressSpace, resourceLimit(unix.RLIMIT_AS, field(root, "proc/self/status", "VmSize")*1024)},
		{dataSize, resourceLimit(unix.RLIMIT_DATA, field(root, "proc/self/status", "VmData")*1024)},
	}
	if available := field(root, "proc/meminfo", "MemAvailable"); available > 0 {
		limits = append(limits, Limit{machine, available * 1024})
	}
	for _, g := range groups(root) {
		limits = append(limits, Limit{group, g.most - g.used})
	}
	return limits
}

// resident is how much memory the system has given this process; 0 if that is not known.
func resident(root fs.FS) int64 { return field(root, "proc/self/status", "VmRSS") * 1024 }

// resourceLimit is what a limit of setrlimit leaves.
func resourceLimit(resource int, used int64) int64 {
	var r unix.Rlimit
	if err := unix.Getrlimit(resource, &r); err != nil || r.Cur >= unlimited {
		return math.MaxInt64
	}
	return int64(r.Cur) - used
}

// unlimited is more than a machine has: control groups of version 1 write the largest whole number of pages for no limit.
const unlimited = 1 << 60

// groupLimit is the lowest limit of the control groups; MaxInt64 if there is none.
func groupLimit(root fs.FS) int64 {
	most := int64(math.MaxInt64)
	for _, g := range groups(root) {
		most = min(most, g.most)
	}
	return most
}

// memoryGroup is a control group that has a limit.
type memoryGroup struct{ most, used int64 }

// groups lists this process's control groups that have a limit, and those that they lie in. Where a container sees its own group as the
// root, the path that the kernel tells is not there, and its parents are looked at as well.
func groups(root fs.FS) (found []memoryGroup) {
	for line := range lines(root, "proc/self/cgroup") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) < 3 {
			continue
		}
		mount, limit, used, cache := "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"
		switch {
		case parts[1] == "memory":
			mount, limit, used, cache = "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
		case parts[0] != "0":
			continue
		}
		for dir := path.Join("/", parts[2]); ; dir = path.Dir(dir) {
			at := path.Join(mount, dir)
			most, err := strconv.ParseInt(firstLine(root, path.Join(at, limit)), 10, 64) // "max" is no number
			if err == nil && most < unlimited {
				taken, _ := strconv.ParseInt(firstLine(root, path.Join(at, used)), 10, 64)
				found = append(found, memoryGroup{most, taken - field(root, path.Join(at, "memory.stat"), cache)})
			}
			if dir == "/" {
				break
			}
		}
	}
	return found
}

// field is the number after a word that begins a line; 0 if there is none.
func field(root fs.FS, file, word string) int64 {
	for line := range lines(root, file) {
		parts := strings.Fields(line)
		if len(parts) >= 2 && strings.TrimSuffix(parts[0], ":") == word {
			n, _ := strconv.ParseInt(parts[1], 10, 64)
			return n
		}
	}
	return 0
}

func firstLine(root fs.FS, file string) string {
	for line := range lines(root, file) {
		return line
	}
	return ""
}

// lines yields a file's lines; none if it cannot be read.
func lines(root fs.FS, file string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		f, err := root.Open(file)
		if err != nil {
			return
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if !yield(s.Text()) {
				return
			}
		}
	}
}
