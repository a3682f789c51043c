package sim_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// mirror fills the dynamic shared memory with the offset of each word, reads it from the other end behind a barrier, writes the sum over
// the words that other lanes of the warp have read, behind one of the warp, and reads that too.
const mirror = `
	mov.u32 %r20, %dynamic_smem_size;
	mov.u32 %r21, all;
	mul.lo.u32 %r22, %r2, 4;
	mul.lo.u32 %r23, %r1, 4;
	mov.u32 %r24, %r22;
fill:
	setp.ge.u32 %p1, %r24, %r20;
	@%p1 bra filled;
	add.u32 %r25, %r21, %r24;
	st.shared.u32 [%r25], %r24;
	add.u32 %r24, %r24, %r23;
	bra fill;
filled:
	bar.sync 0;
	mov.u32 %r30, 0;
	mov.u32 %r24, %r22;
	sub.u32 %r26, %r20, 4;
read:
	setp.ge.u32 %p1, %r24, %r20;
	@%p1 bra done;
	sub.u32 %r25, %r26, %r24;
	add.u32 %r25, %r21, %r25;
	ld.shared.u32 %r27, [%r25];
	add.u32 %r30, %r30, %r27;
	add.u32 %r24, %r24, %r23;
	bra read;
done:
	bar.sync 0;
	add.u32 %r25, %r21, %r22;
	st.shared.u32 [%r25], %r30;
	bar.warp.sync 0xffffffff;
	xor.b32 %r28, %r22, 4;
	add.u32 %r25, %r21, %r28;
	ld.shared.u32 %r31, [%r25];
	mad.lo.s64 %d4, %d2, 8, %d1;
	st.global.v2.u32 [%d4], {%r30, %r31};`

// All dynamic shared memory that a chip has can be used, alone or beside a static array, with no finding, and not a byte more.
func TestDynamicSharedMemoryToTheLimit(t *testing.T) {
	// CUDA C++ Programming Guide, "Technical Specifications per Compute Capability": the maximum of a thread block
	limits := map[string]uint32{"h200": 227 << 10, "a100": 163 << 10, "rtx4090": 99 << 10}
	for _, chip := range sim.Chips() {
		for _, threads := range []int{32, 1024} {
			for _, static := range []uint32{0, 4096} {
				limit := limits[chip.Name] - static
				declarations, body := ".extern .shared .align 16 .b8 all[];\n", mirror
				if static > 0 {
					declarations += fmt.Sprintf(".shared .align 16 .b8 fixed[%d];\n", static)
					body = "setp.ne.u32 %p2, %r2, 0;\n@!%p2 st.shared.u32 [fixed], %r2;\n" + mirror
				}
				for _, order := range []sim.Order{sim.Forward, sim.Reverse, sim.Random} {
					d := sim.NewDevice(chip, sim.Options{Checks: sim.AllChecks, Order: order, Quantum: 100, Workers: 1})
					k := kernelOf(t, d, snippet(declarations, body), "snippet")
					out := alloc(t, d, uint64(8*threads))
					for range 2 { // the second launch finds what the first has left
						_, err := d.Launch(k, linear(1), linear(threads), limit, pack(uint64(0), out))
						require.NoError(t, err, "%s, %d threads", chip.Name, threads)
					}
					got := make([][2]uint32, threads)
					download(t, d, out, got)
					for i := range got {
						sum := func(thread int) (s uint32) {
							for o := uint32(4 * thread); o < limit; o += uint32(4 * threads) {
								s += limit - 4 - o
							}
							return s
						}
						require.Equal(t, [2]uint32{sum(i), sum(i ^ 1)}, got[i], "%s, thread %d of %d", chip.Name, i, threads)
					}
					_, err := d.Launch(k, linear(1), linear(threads), limit+1, pack(uint64(0), out))
					assert.ErrorIs(t, err, sim.ErrConfiguration)
					assert.ErrorContains(t, err, fmt.Sprintf("%d bytes of shared memory, a block may have %d", limits[chip.Name]+1, limits[chip.Name]))
				}
			}
		}
	}
}
