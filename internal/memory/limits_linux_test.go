package memory

import (
	"math"
	"os"
	"runtime/debug"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func system(files map[string]string) fstest.MapFS {
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestGroups(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		limit int64
		free  int64 // of the tightest
	}{
		"none": {nil, math.MaxInt64, math.MaxInt64},
		"version 2, its own group": {map[string]string{
			"proc/self/cgroup":                 "0::/job\n",
			"sys/fs/cgroup/job/memory.max":     "1000\n",
			"sys/fs/cgroup/job/memory.current": "700\n",
			"sys/fs/cgroup/job/memory.stat":    "anon 5\ninactive_file 100\nactive_file 7\n",
		}, 1000, 400},
		"version 2, the parent is tighter": {map[string]string{
			"proc/self/cgroup":                  "0::/user/job\n",
			"sys/fs/cgroup/user/job/memory.max": "max\n",
			"sys/fs/cgroup/user/memory.max":     "500\n",
			"sys/fs/cgroup/user/memory.current": "450\n",
			"sys/fs/cgroup/memory.max":          "2000\n",
			"sys/fs/cgroup/memory.current":      "1000\n",
		}, 500, 50},
		"version 2, in a container that sees its group as the root": {map[string]string{
			"proc/self/cgroup":             "0::/docker/abc\n",
			"sys/fs/cgroup/memory.max":     "300\n",
			"sys/fs/cgroup/memory.current": "400\n",
		}, 300, -100},
		"version 1": {map[string]string{
			"proc/self/cgroup":                               "4:memory:/job\n2:cpu:/other\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes": "800\n",
			"sys/fs/cgroup/memory/job/memory.usage_in_bytes": "300\n",
			"sys/fs/cgroup/memory/job/memory.stat":           "inactive_file 1\ntotal_inactive_file 200\n",
		}, 800, 700},
	} {
		t.Run(name, func(t *testing.T) {
			root := system(c.files)
			assert.Equal(t, c.limit, groupLimit(root))
			free := int64(math.MaxInt64)
			for _, l := range systemLimits(root) {
				if l.Name == group {
					free = min(free, l.Free)
				}
			}
			assert.Equal(t, c.free, free)
		})
	}
}

func TestMachine(t *testing.T) {
	limits := systemLimits(system(map[string]string{"proc/meminfo": "MemTotal: 10 kB\nMemAvailable:    3 kB\n"}))
	assert.Contains(t, limits, Limit{machine, 3 * 1024})
	real := Available()
	assert.Positive(t, real.Free)
	assert.Less(t, real.Free, int64(unlimited), "%s", real.Name)
}

func TestGOMEMLIMIT(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(was) })
	debug.SetMemoryLimit(1 << 30)
	l := Available()
	assert.Equal(t, "GOMEMLIMIT", l.Name)
	assert.Less(t, l.Free, int64(1<<30))
	assert.Greater(t, l.Free, int64(1<<29))
	_, enough := Enough(1 << 20)
	assert.True(t, enough)
	l, enough = Enough(1 << 30)
	assert.False(t, enough)
	assert.Equal(t, "GOMEMLIMIT", l.Name)

	t.Setenv("GOMEMLIMIT", "1GiB")
	Adopt()
	assert.EqualValues(t, 1<<30, debug.SetMemoryLimit(-1), "who has set it knows better")
	require.NoError(t, os.Unsetenv("GOMEMLIMIT"))
}

// What is garbage is there to be taken.
func TestCheckCollectsGarbage(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(was) })
	debug.SetMemoryLimit(1 << 28)
	t.Cleanup(debug.FreeOSMemory)
	held = make([]byte, 200<<20)
	_, enough := Enough(128 << 20)
	assert.False(t, enough)
	held = nil
	_, enough = Enough(128 << 20)
	assert.True(t, enough)
}

// What was taken and not yet written to is no more there for others.
func TestUntouchedMemory(t *testing.T) {
	debug.FreeOSMemory()
	t.Cleanup(debug.FreeOSMemory)
	touchedOrNot := func() int64 { return resident(os.DirFS("/")) + readHeap().untouched } // where Go lets memory anew, it writes zeros to it
	before := touchedOrNot()
	held = make([]byte, 512<<20)
	assert.InDelta(t, 512<<20, touchedOrNot()-before, 64<<20)
	held = nil

	limits := []Limit{{machine, 32 << 20}, {goMemory, 24 << 20}}
	assert.Equal(t, Limit{goMemory, 45 << 19}, tightest(limits, heap{}))
	assert.Equal(t, Limit{machine, 15 << 20}, tightest(limits, heap{untouched: 16 << 20}))
}

var held []byte
