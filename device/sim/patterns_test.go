package sim_test

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// NVRTC 12.9 made these with --gpu-architecture=compute_80 --std=c++17 -lineinfo and -DFIXED=0 or 1.
var (
	//go:embed testdata/masks.cu
	masksSource string
	//go:embed testdata/masks.ptx
	masksPTX string
	//go:embed testdata/masks_fixed.ptx
	masksFixedPTX string
	//go:embed testdata/definedness.cu
	definednessSource string
	//go:embed testdata/definedness.ptx
	definednessPTX string
	//go:embed testdata/definedness_fixed.ptx
	definednessFixedPTX string
)

// pattern is a kernel that is right with FIXED = 1, and what must be said of its brother with a mistake.
type pattern struct {
	kernel          string
	blocks, threads int
	kind            sim.Kind
	severity        sim.Severity
}

var masks = []pattern{
	{"eights", 1, 64, sim.BadMask, sim.Error},
	{"halves", 1, 32, sim.BadMask, sim.Error},
	{"keys", 1, 32, sim.BadShuffle, sim.Error},
	{"active", 1, 32, sim.BadMask, sim.Error},
	{"meeting", 1, 32, sim.WarpRace, sim.Error},
	{"volatile_sum", 1, 32, sim.WarpRace, sim.Advice},
	{"flag", 1, 64, sim.SharedRace, sim.Advice},
	{"exits", 1, 32, sim.BadMask, sim.Advice},
	{"strangers", 1, 32, sim.BadMask, sim.Error},
}

func TestMasks(t *testing.T) {
	testPatterns(t, "masks.cu", masksSource, masksPTX, masksFixedPTX, masks)
}

var definedness = []pattern{
	{"padding", 1, 32, sim.UninitializedShared, sim.Error},
	{"ending", 1, 32, sim.UninitializedShared, sim.Advice},
	{"fourth", 1, 32, sim.UninitializedShared, sim.Error},
	{"neighbour", 1, 32, sim.UninitializedShared, sim.Error},
	{"low_byte", 1, 32, sim.UninitializedShared, sim.Error},
	{"condition", 1, 32, sim.UninitializedShared, sim.Error},
	{"address", 1, 32, sim.UninitializedShared, sim.Error},
	{"journey", 1, 32, sim.UninitializedShared, sim.Error},
	{"rows", 1, 32, sim.UninitializedShared, sim.Error},
	{"edge", 1, 32, sim.UninitializedShared, sim.Error},
	{"printed", 1, 32, sim.UninitializedShared, sim.Error},
	{"ways", 1, 32, sim.UninitializedRegister, sim.Error},
}

func TestDefinedness(t *testing.T) {
	testPatterns(t, "definedness.cu", definednessSource, definednessPTX, definednessFixedPTX, definedness)
}

// testPatterns holds that nothing is said of the right kernels, not even advice, and that the mistake is found in its line in every order.
func testPatterns(t *testing.T, file, source, ptx, fixed string, all []pattern) {
	for _, p := range all {
		t.Run(p.kernel, func(t *testing.T) {
			for _, opts := range orders() {
				b := bug{kernel: p.kernel, blocks: p.blocks, threads: p.threads}
				assert.Empty(t, launchBug(t, fixed, b, false, opts), "the right kernel")
				start := strings.Index(source, " "+p.kernel+"(")
				require.Positive(t, start)
				line := 1 + strings.Count(source[:start+strings.Index(source[start:], "// BUG")], "\n")
				found := launchBug(t, ptx, b, false, opts)
				named := false
				for _, r := range found {
					here := r.Source.Line == line || strings.Contains(r.Message, fmt.Sprintf("%s:%d,", file, line))
					named = named || here && r.Kind == p.kind && r.Severity == p.severity
				}
				require.True(t, named, "%s, %s in line %d, %+v: %v", p.severity, p.kind, line, opts, found)
			}
		})
	}
}

// A word that nobody wrote is a mistake in a row of numbers, and may be padding where structures are copied: by lanes whose places lie apart, or
// where it comes again and again.
func TestUndefinedWordsThatAreCopied(t *testing.T) {
	for _, test := range []struct {
		stride, unwritten string // the lanes whose word nobody writes: a condition on %r13, the lane
		want              sim.Severity
	}{
		{"4", "setp.lt.u32 %p1, %r13, 32;", sim.Error},
		{"4", "setp.eq.u32 %p1, %r13, 7;", sim.Error},
		{"4", "setp.ge.u32 %p1, %r13, 16;", sim.Error},
		{"4", "rem.u32 %r14, %r13, 6;\nsetp.eq.u32 %p1, %r14, 3;", sim.Advice},
		{"24", "setp.lt.u32 %p1, %r13, 32;", sim.Advice},
	} {
		d := checked(t)
		body := ".shared .align 4 .b8 tile[128];\nmov.u32 %r13, %laneid;\nmov.u32 %r11, tile;\nmad.lo.u32 %r11, %r13, 4, %r11;\n" + test.unwritten +
			"\n@!%p1 st.shared.u32 [%r11], %r13;\nbar.warp.sync 0xffffffff;\nld.shared.u32 %r12, [%r11];\n" +
			"mad.wide.u32 %d3, %r13, " + test.stride + ", %d0;\nst.global.u32 [%d3], %r12;"
		out := alloc(t, d, 1024)
		c, err := d.Launch(kernelOf(t, d, snippet("", body), "snippet"), linear(1), linear(32), 0, pack(out, out))
		found := c.Advice
		if test.want == sim.Error {
			var findings *sim.Findings
			require.ErrorAs(t, err, &findings)
			found = findings.Reports
		} else {
			require.NoError(t, err)
			unwritten, err := d.Unwritten(out)
			require.NoError(t, err)
			assert.NotEmpty(t, unwritten, "it stays what nobody wrote")
		}
		require.Len(t, found, 1, "%+v", test)
		assert.Equal(t, sim.UninitializedShared, found[0].Kind)
		assert.Equal(t, test.want, found[0].Severity, "%+v", test)
	}
}
