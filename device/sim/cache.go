package sim

import "math/bits"

// A cache keeps lines of 128 bytes, of which each sector of 32 bytes is there or not. The least recently used line of a set makes room.
// Sets are chosen by a hash, so that no stride falls into one of them; with 16 ways an access then hits if fewer bytes than the
// cache holds were touched since the last one to its line: its reuse distance (Mattson et al., "Evaluation techniques for storage hierarchies",
// 1970; Hill and Smith, "Evaluating associativity in CPU caches", 1989).
type cache struct {
	lines []cacheLine // sets of cacheWays
	clock uint64
}

const (
	lineBytes, sectorBytes = 128, 32
	cacheWays              = 16
)

// cacheLine is a line that is there if its time is not 0.
type cacheLine struct {
	line    uint64
	used    uint64
	sectors uint8
}

func newCache(bytes uint64) *cache {
	return &cache{lines: make([]cacheLine, max(1, bytes/lineBytes/cacheWays)*cacheWays)}
}

// find gives the place of a line, where it is new after the one that has to leave.
func (c *cache) find(line uint64) *cacheLine {
	c.clock++
	hash, _ := bits.Mul64(line*0x9e3779b97f4a7c15, uint64(len(c.lines)/cacheWays)) // Fibonacci hashing
	set := c.lines[hash*cacheWays:][:cacheWays]
	oldest := &set[0]
	for i := range set {
		if l := &set[i]; l.line == line && l.used != 0 {
			l.used = c.clock
			return l
		} else if l.used < oldest.used {
			oldest = l
		}
	}
	*oldest = cacheLine{line: line, used: c.clock}
	return oldest
}

// bring makes sectors of a line be there, and tells which of them were.
func (c *cache) bring(line uint64, sectors uint8) (hits uint8) {
	l := c.find(line)
	hits = l.sectors & sectors
	l.sectors |= sectors
	return hits
}
