package sim

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Launch runs a kernel by itself, see [Device.LaunchNode].
func (d *Device) Launch(k *Kernel, grid, block [3]uint32, sharedBytes uint32, params []byte) (*Counters, error) {
	return d.LaunchNode(nil, k, grid, block, sharedBytes, params)
}

// LaunchNode runs a kernel and waits for it. A node says which launches may run at the same time; it is nil if none may. The error is of type *Findings when a check found errors; the counters are there even so,
// up to where the launch ended. Advice is in the counters.
func (d *Device) LaunchNode(n *Node, k *Kernel, grid, block [3]uint32, sharedBytes uint32, params []byte) (*Counters, error) {
	if err := d.CheckLaunch(k, grid, block, sharedBytes, params); err != nil {
		return nil, err
	}
	d.busy.Lock()
	defer d.busy.Unlock()
	s := schedule{warps: d.opts.Order, seed: d.opts.Seed, node: n}
	if d.opts.Orders > 1 {
		return d.launchInOrders(k, grid, block, sharedBytes, params, s)
	}
	return d.launch(k, grid, block, sharedBytes, params, s)
}

// launch runs a launch that was checked.
func (d *Device) launch(k *Kernel, grid, block [3]uint32, sharedBytes uint32, params []byte, s schedule) (*Counters, error) {
	blocks := int64(grid[0]) * int64(grid[1]) * int64(grid[2])
	workers := int(min(int64(d.opts.Workers), blocks))
	if k.ordered {
		workers = 1
	}
	workspace, err := d.workspace(k)
	if err != nil {
		return nil, err
	}
	order := newLaunchOrder(d.nextStamps())
	order.workspace, order.schedule, order.sample = workspace, s, d.sample(k, blocks, block, sharedBytes)
	var key launchKey
	if order.sample.only() {
		key = d.key(k, grid, block, sharedBytes, params)
		if before := d.sampled[key]; before != nil {
			return before.again(d, s.node), nil
		}
	}
	if d.opts.Checks&BlockRaces != 0 {
		if order.node = s.node; s.node != nil {
			s.node.names[s.node.Number] = readable(k.fn.Name)
		}
	}
	d.noteWritable(k, params)
	d.keepTeamOf(k)
	team := k.team(workers, block, sharedBytes)
	for _, b := range team {
		b.prepare(grid, params, order)
	}
	var findings *Findings
	switch sample := order.sample; {
	case k.ordered:
		team, findings = takeTurns(team[0], blocks)
	case sample.only():
		findings = runSample(team, sample)
	default:
		findings = run(team, someBlocks{n: blocks})
	}
	d.stamp = order.last()
	if s.node != nil {
		s.node.LetOthersBegin = order.lets.Load()
	}
	if n := order.node; n != nil && n.Waited != nil && findings == nil && !order.waited.Load() {
		findings = k.neverWaited(n)
	}
	c := newCounters(k, team, grid, block, sharedBytes)
	c.Advice = advice(team, findings)
	if findings != nil {
		return c, findings
	}
	if order.sample.only() {
		d.sampled[key] = &sampled{c, d.l2, order.lets.Load()}
	}
	return c, nil
}

// CheckLaunch tells what is wrong with a launch, without running it: an error that wraps ErrConfiguration or ErrResources.
func (d *Device) CheckLaunch(k *Kernel, grid, block [3]uint32, sharedBytes uint32, params []byte) error {
	bad := func(kind error, format string, args ...any) error {
		return fmt.Errorf("sim: launch of %s: "+format+": %w", append(append([]any{k.fn.Name}, args...), kind)...)
	}
	if k.module.device != d {
		return bad(ErrConfiguration, "the kernel was loaded on another device")
	}
	for i := range grid {
		if grid[i] == 0 || grid[i] > maxGrid[i] || block[i] == 0 || block[i] > maxBlock[i] {
			return bad(ErrConfiguration, "grid %v of blocks %v, the limits are %v and %v", grid, block, maxGrid, maxBlock)
		}
	}
	threads := int(block[0]) * int(block[1]) * int(block[2])
	if threads > maxBlockThreads {
		return bad(ErrConfiguration, "%d threads in a block, the limit is %d", threads, maxBlockThreads)
	}
	if r := k.fn.RequiredThreads; r[0] > 0 && r != block {
		return bad(ErrConfiguration, "blocks of %v, the kernel requires %v", block, r)
	}
	if n := k.fn.MaxThreads; n[0] > 0 && threads > int(n[0]*n[1]*n[2]) {
		return bad(ErrResources, "%d threads in a block, the kernel was compiled for at most %d", threads, n[0]*n[1]*n[2])
	}
	if most := 32 * k.warpsByRegisters(); k.registersKnown && threads > most {
		return bad(ErrResources, "%d threads in a block with %d registers each, %s has registers for %d: give blocks of fewer threads, or the kernel "+
			"__launch_bounds__(%d)", threads, k.registers, d.chip.Name, most, threads)
	}
	if total := k.staticShared + uint64(sharedBytes); total > uint64(d.chip.SharedPerBlockOptin) {
		return bad(ErrConfiguration, "%d bytes of shared memory, a block may have %d", total, d.chip.SharedPerBlockOptin)
	}
	if uint64(len(params)) != k.fn.ParamBytes() {
		return bad(ErrConfiguration, "%d bytes of parameters, the kernel takes %d", len(params), k.fn.ParamBytes())
	}
	return nil
}

// keepTeamOf keeps the blocks of a kernel that is launched, and of some that were before it: in a device's life there may be thousands.
func (d *Device) keepTeamOf(k *Kernel) {
	const most = 64
	if i := slices.Index(d.launched, k); i >= 0 {
		d.launched = slices.Delete(d.launched, i, i+1)
	}
	if d.launched = append(d.launched, k); len(d.launched) > most {
		d.launched[0].idle = nil
		d.launched = slices.Delete(d.launched, 0, 1)
	}
}

// team gives the blocks that run on the workers, those of the last launch if they fit.
func (k *Kernel) team(workers int, dim [3]uint32, sharedBytes uint32) []*block {
	if len(k.idle) > 0 && (k.idle[0].dim != dim || k.idle[0].dynamicBytes != sharedBytes) {
		k.idle = nil
	}
	size, start := k.sharedBytes, alignUp(k.sharedBytes, k.dynamicAlign)
	if len(k.shared) > 0 && sharedBytes > 0 {
		start += 128 // a gap, as between the static arrays
	}
	if sharedBytes > 0 {
		size = start + uint64(sharedBytes)
	}
	for len(k.idle) < workers {
		b := newBlock(k.module.device, k, dim, size, start)
		b.dynamicBytes = sharedBytes
		k.idle = append(k.idle, b)
	}
	return k.idle[:workers]
}

// nextStamps gives the first stamp of a launch, which may use as many as its segments need.
func (d *Device) nextStamps() (first uint32) {
	d.sector++
	if d.stamp >= 1<<32-(maxSegments+2)<<laneBits || d.sector == 0 {
		d.mem.forgetShadows()
		d.stamp, d.sector = 0, 1
	}
	return d.stamp&^laneMask + 1<<laneBits
}

// blockFindings is what was found in a block.
type blockFindings struct {
	block int64
	Findings
}

// firstFindings gives those of the first block.
func firstFindings(found []blockFindings) *Findings {
	if len(found) == 0 {
		return nil
	}
	first := slices.MinFunc(found, func(a, b blockFindings) int { return cmp.Compare(a.block, b.block) })
	return &first.Findings
}

// someBlocks are the first blocks of a grid, or those that a list names.
type someBlocks struct {
	n    int64
	list []int64
}

func (s someBlocks) at(i int64) int64 {
	if s.list == nil {
		return i
	}
	return s.list[i]
}

// run lets the team work off the blocks. Of the blocks in which something was found the first is reported: a worker that finds
// something ends the launch for the blocks after its own, but not for those before.
func run(team []*block, blocks someBlocks) *Findings {
	var next, limit atomic.Int64
	limit.Store(blocks.n)
	var mu sync.Mutex
	var found []blockFindings
	work := func(b *block) {
		for {
			i := next.Add(1) - 1
			if i >= limit.Load() {
				return
			}
			b.runOne(b.launch.block(blocks.at(i)))
			if len(b.reports) == 0 {
				continue
			}
			mu.Lock()
			found = append(found, blockFindings{i, Findings{b.reports, b.fatal}})
			mu.Unlock()
			for l := limit.Load(); l > i && !limit.CompareAndSwap(l, i); {
				l = limit.Load()
			}
		}
	}
	var wait sync.WaitGroup
	for _, b := range team[1:] {
		wait.Add(1)
		go func() {
			defer wait.Done()
			work(b)
		}()
	}
	work(team[0])
	wait.Wait()
	return firstFindings(found)
}

// advice gives the advice of each kind for each line that the first block with it has, in the order of the blocks. With errors it ends
// with the block that they are of: those behind it may not have run.
func advice(team []*block, findings *Findings) []*Report {
	var all []*Report
	for _, b := range team {
		for _, r := range b.advice {
			if findings == nil || r.index <= findings.Reports[0].index {
				all = append(all, r)
			}
		}
	}
	slices.SortStableFunc(all, func(x, y *Report) int { return cmp.Compare(x.index, y.index) })
	type line struct {
		kind   Kind
		number int32
	}
	seen := map[line]bool{}
	return slices.DeleteFunc(all, func(r *Report) bool {
		l := line{r.Kind, r.line}
		again := seen[l]
		seen[l] = true
		return again
	})
}
