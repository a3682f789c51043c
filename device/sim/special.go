package sim

import (
	"slices"
	"strings"
)

// specialRegisters gives the values of the special registers, for a lane of a warp. Those that depend on the coordinates of the block
// are written anew for each block.
var specialRegisters = map[string]struct {
	value    func(b *block, warp, lane int) uint64
	perBlock bool
}{
	"%tid.x":    {value: func(b *block, w, i int) uint64 { return uint64(b.thread(w, i)[0]) }},
	"%tid.y":    {value: func(b *block, w, i int) uint64 { return uint64(b.thread(w, i)[1]) }},
	"%tid.z":    {value: func(b *block, w, i int) uint64 { return uint64(b.thread(w, i)[2]) }},
	"%ntid.x":   {value: func(b *block, _, _ int) uint64 { return uint64(b.dim[0]) }},
	"%ntid.y":   {value: func(b *block, _, _ int) uint64 { return uint64(b.dim[1]) }},
	"%ntid.z":   {value: func(b *block, _, _ int) uint64 { return uint64(b.dim[2]) }},
	"%ctaid.x":  {value: func(b *block, _, _ int) uint64 { return uint64(b.id[0]) }, perBlock: true},
	"%ctaid.y":  {value: func(b *block, _, _ int) uint64 { return uint64(b.id[1]) }, perBlock: true},
	"%ctaid.z":  {value: func(b *block, _, _ int) uint64 { return uint64(b.id[2]) }, perBlock: true},
	"%nctaid.x": {value: func(b *block, _, _ int) uint64 { return uint64(b.grid[0]) }},
	"%nctaid.y": {value: func(b *block, _, _ int) uint64 { return uint64(b.grid[1]) }},
	"%nctaid.z": {value: func(b *block, _, _ int) uint64 { return uint64(b.grid[2]) }},

	"%laneid":      {value: func(_ *block, _, i int) uint64 { return uint64(i) }},
	"%warpid":      {value: func(_ *block, w, _ int) uint64 { return uint64(w) }},
	"%nwarpid":     {value: func(b *block, _, _ int) uint64 { return uint64(len(b.warps)) }},
	"%smid":        {value: func(b *block, _, _ int) uint64 { return uint64(b.index) % uint64(b.d.chip.SMs) }, perBlock: true},
	"%nsmid":       {value: func(b *block, _, _ int) uint64 { return uint64(b.d.chip.SMs) }},
	"%gridid":      {value: func(b *block, _, _ int) uint64 { return 0 }},
	"%lanemask_eq": {value: func(_ *block, _, i int) uint64 { return 1 << i }},
	"%lanemask_lt": {value: func(_ *block, _, i int) uint64 { return 1<<i - 1 }},
	"%lanemask_le": {value: func(_ *block, _, i int) uint64 { return 2<<i - 1 }},
	"%lanemask_gt": {value: func(_ *block, _, i int) uint64 { return uint64(^uint32(2<<i - 1)) }},
	"%lanemask_ge": {value: func(_ *block, _, i int) uint64 { return uint64(^uint32(1<<i - 1)) }},

	"%dynamic_smem_size": {value: func(b *block, _, _ int) uint64 { return uint64(b.dynamicBytes) }},
	"%total_smem_size":   {value: func(b *block, _, _ int) uint64 { return b.k.staticShared + uint64(b.dynamicBytes) }},

	// every block is a cluster of its own
	"%clusterid.x":      {value: func(b *block, _, _ int) uint64 { return uint64(b.id[0]) }, perBlock: true},
	"%clusterid.y":      {value: func(b *block, _, _ int) uint64 { return uint64(b.id[1]) }, perBlock: true},
	"%clusterid.z":      {value: func(b *block, _, _ int) uint64 { return uint64(b.id[2]) }, perBlock: true},
	"%nclusterid.x":     {value: func(b *block, _, _ int) uint64 { return uint64(b.grid[0]) }},
	"%nclusterid.y":     {value: func(b *block, _, _ int) uint64 { return uint64(b.grid[1]) }},
	"%nclusterid.z":     {value: func(b *block, _, _ int) uint64 { return uint64(b.grid[2]) }},
	"%cluster_ctaid.x":  {value: func(*block, int, int) uint64 { return 0 }},
	"%cluster_ctaid.y":  {value: func(*block, int, int) uint64 { return 0 }},
	"%cluster_ctaid.z":  {value: func(*block, int, int) uint64 { return 0 }},
	"%cluster_nctaid.x": {value: func(*block, int, int) uint64 { return 1 }},
	"%cluster_nctaid.y": {value: func(*block, int, int) uint64 { return 1 }},
	"%cluster_nctaid.z": {value: func(*block, int, int) uint64 { return 1 }},
	"%cluster_ctarank":  {value: func(*block, int, int) uint64 { return 0 }},
	"%cluster_nctarank": {value: func(*block, int, int) uint64 { return 1 }},
	"%aggr_smem_size":   {value: func(b *block, _, _ int) uint64 { return b.k.staticShared + uint64(b.dynamicBytes) }},

	// the driver's: the halves of the address of the grid's workspace
	"%envreg1": {value: func(b *block, _, _ int) uint64 { return b.launch.workspace >> 32 }},
	"%envreg2": {value: func(b *block, _, _ int) uint64 { return uint64(uint32(b.launch.workspace)) }},
}

// workspaceBytes is the size of the memory that cooperative groups find through %envreg1 and %envreg2: its second word is the barrier of
// the grid (cooperative_groups/details/driver_abi.h).
const workspaceBytes = 8

// workspace gives the address of the grid's workspace for a kernel that asks for it. It is zero at the start of a launch.
func (d *Device) workspace(k *Kernel) (uint64, error) {
	if !slices.ContainsFunc(k.fills, func(f fill) bool { return strings.HasPrefix(f.special, "%envreg") }) {
		return 0, nil
	}
	if d.gridSpace == nil {
		a, err := d.mem.add("the workspace of the grid", workspaceBytes)
		if err != nil {
			return 0, err
		}
		a.zero = true
		d.gridSpace = a
	}
	clear(d.gridSpace.data())
	return d.gridSpace.addr, nil
}

// fillRegisters writes constants and special registers; of the latter only those that change from block to block, if asked.
func (b *block) fillRegisters(perBlockOnly bool) {
	for _, f := range b.k.fills {
		special := specialRegisters[f.special]
		if perBlockOnly && !special.perBlock {
			continue
		}
		for _, w := range b.warps {
			for i := range 32 {
				v := f.value
				if f.dynamic {
					v += b.dynamicStart
				}
				if special.value != nil {
					v = special.value(b, w.id, i)
				}
				if f.bank == 'q' {
					w.q[f.slot][i] = v
				} else {
					w.r[f.slot][i] = uint32(v)
				}
			}
		}
	}
}
