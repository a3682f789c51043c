package sass_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim/sass"
)

func sgemm(t *testing.T, arch int) (ptx, cubin []byte) {
	packed, err := os.ReadFile(fmt.Sprintf("../testdata/sgemm.sm_%d.gz", arch))
	require.NoError(t, err)
	r, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	all, err := io.ReadAll(r)
	require.NoError(t, err)
	ptx, cubin, _ = bytes.Cut(all, []byte{0})
	return ptx, cubin
}

// TestRegisters: what NVRTC's -Xptxas=-v says of the same compilation.
func TestRegisters(t *testing.T) {
	_, cubin := sgemm(t, 80)
	functions, err := sass.Read(cubin)
	require.NoError(t, err)
	got := map[string]int{}
	for _, f := range functions {
		got[f.Name] = f.Registers
	}
	assert.Equal(t, map[string]int{"naive": 32, "coalesced": 32, "shared_tile": 31, "column_of_8": 45, "square_of_8": 112, "vectors_of_4": 101,
		"tuned": 118, "warp_tile": 168}, got)
}

// TestLines: the PTX at the line of each access and multiply-add is one.
func TestLines(t *testing.T) {
	words := map[string]string{"LDG": "ld.global", "STG": "st.global", "LDS": "ld.shared", "STS": "st.shared", "FFMA": "fma.rn.f32", "BAR": "bar.sync"}
	for _, arch := range []int{80, 89} {
		ptx, cubin := sgemm(t, arch)
		lines := strings.Split(string(ptx), "\n")
		functions, err := sass.Read(cubin)
		require.NoError(t, err)
		seen := map[string]int{}
		for _, f := range functions {
			for i := range f.Code {
				op := f.Code[i].Op.String()
				if want, ok := words[op]; ok {
					require.Contains(t, lines[f.Code[i].Line-1], want, "sm_%d, %s, instruction %d, %s", arch, f.Name, i, op)
					seen[op]++
				}
			}
		}
		assert.Len(t, seen, len(words))
		assert.Greater(t, seen["FFMA"], 2000)
	}
}

// TestBranches: every branch stays in its function, and there are as many loops as the source has, or more where the compiler made
// several of one.
func TestBranches(t *testing.T) {
	_, cubin := sgemm(t, 89)
	functions, err := sass.Read(cubin)
	require.NoError(t, err)
	for _, f := range functions {
		loops := 0
		for i := range f.Code {
			c := &f.Code[i]
			if !c.Branch() {
				continue
			}
			require.True(t, c.Target >= 0 && c.Target < len(f.Code), "%s, instruction %d goes to %d", f.Name, i, c.Target)
			if c.Target < i {
				loops++
			}
		}
		assert.Positive(t, loops, f.Name)
	}
}

// decodeWords reads the instruction at address 80 of code for sm_80.
func decodeWords(lo, hi uint64) sass.Instruction {
	p := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, lo), hi)
	return sass.Decode(p, 0x80, 80)
}

// TestInstructions: words and what nvdisasm prints of them; the control codes by Jia et al. 2018, figure 2.1.
func TestInstructions(t *testing.T) {
	load := decodeWords(0x140616117981, 0xee8000c1e1900) // LDG.E R17, [R22.64+0x14]
	assert.Equal(t, "LDG", load.Op.String())
	assert.Equal(t, 4, load.Bytes())
	assert.Equal(t, []int{4, 3, sass.None, 0}, []int{load.Stall, load.Write, load.Read, int(load.Wait)})
	wide := decodeWords(0x80602047981, 0xea8000c1e1b00) // LDG.E.64 R4, [R2.64+0x8]
	assert.Equal(t, 8, wide.Bytes())
	for words, want := range map[[2]uint64]int{{0x1604783b, 0x4e680000000200}: 16, {0x1603783b, 0xea80000000000}: 4, {0x1610783b, 0xee80000000100}: 8} {
		matrices := decodeWords(words[0], words[1]) // LDSM.16.M88.4, LDSM.16.M88, LDSM.16.M88.2
		assert.Equal(t, want, matrices.Bytes())
		assert.True(t, matrices.Op.Matrix())
	}
	wait := decodeWords(0x80400000791a, 0xfc80000000000) // DEPBAR.LE SB0, 0x1
	n, board := wait.Keeps()
	assert.Equal(t, []int{1, 0}, []int{n, board})
	wait = decodeWords(0xf0400000791a, 0xfc80000000000) // SB7, which no warp has
	_, board = wait.Keeps()
	assert.Equal(t, sass.None, board)
	branch := decodeWords(0x00000b2000008947, 0x0) // @!P0 BRA, b20 bytes on
	assert.Equal(t, (0x80+0x10+0xb20)/16, branch.Target)
	assert.True(t, branch.Branch() && branch.Predicate && !branch.Ends())
	for words, want := range map[[2]uint64]struct {
		flops float64
		tf32  bool
	}{
		{0x20404723c, 0xfde0000041808}: {4096, false}, // HMMA.16816.F32.BF16
		{0x20204723c, 0xfde0000001004}: {2048, false}, // HMMA.1688.F32
		{0x20404723c, 0xfde0000081008}: {2048, true},  // HMMA.1688.F32.TF32
		{0x40404723c, 0xfde0000085008}: {1024, true},  // HMMA.1684.F32.TF32
		{0xa04047237, 0xfde0000405c0c}: {8192, false}, // IMMA.16832.S8.S8
		{0x4040c7237, 0xfde0000405408}: {4096, false}, // IMMA.16816.S8.S8
	} {
		m := decodeWords(words[0], words[1])
		flops, tf32 := m.Matrix()
		assert.Equal(t, want.flops, flops, "%x", words)
		assert.Equal(t, want.tf32, tf32, "%x", words)
	}
}

func TestAttach(t *testing.T) {
	ptx, cubin := sgemm(t, 80)
	both := sass.Attach(append(bytes.Clone(ptx), 0), cubin)
	gotPTX, gotCubin, err := sass.Detach(both)
	require.NoError(t, err)
	assert.Equal(t, strings.TrimRight(string(ptx), "\n"), string(gotPTX))
	assert.Equal(t, cubin, gotCubin)
	plain, none, err := sass.Detach(ptx)
	require.NoError(t, err)
	assert.Equal(t, ptx, plain)
	assert.Empty(t, none)
	_, _, err = sass.Detach([]byte(".version 8.8\n//machine code: ?\n"))
	assert.ErrorContains(t, err, "the machine code in the last line of the PTX")
}

func TestNoCubin(t *testing.T) {
	_, cubin := sgemm(t, 80)
	for n := 0; n < 400; n += 7 {
		_, err := sass.Read(cubin[:n])
		assert.Error(t, err)
	}
	for at := 0; at < len(cubin); at += 997 { // whatever it says, nothing breaks
		broken := bytes.Clone(cubin)
		for i := at; i < min(at+8, len(broken)); i++ {
			broken[i] ^= 0xff
		}
		assert.NotPanics(t, func() { _, _ = sass.Read(broken) }, at)
	}
}
