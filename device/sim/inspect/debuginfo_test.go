package inspect

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Sections as nvcc, NVRTC and LLVM write them: labels stand for offsets, also before they are reached, addresses of code for 0.
func TestAssemble(t *testing.T) {
	assert.Equal(t, map[string][]byte{
		".debug_info": {1, 2, 255, 0x34, 0x12, 0, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		".debug_str":  {65, 0, 66, 67, 0, 68},
	}, assemble(`
.version 8.0
.visible .entry k() { ret; } // .section of no meaning
.section .debug_info
{
.b8 1, 2,255
.b16 0x1234
.b32 .debug_abbrev
.b32 $L__second+3 // the third byte of it
.b32 7
.b64 $L__func_begin0
}
	.section	.debug_str	{
.b8 65
.b8 0
$L__second:
.b8 66,67
.b8 0
.b8 68
	}
`))
	assert.Empty(t, readDebugInfo([]byte(".section .debug_info\n{\n.b8 1\n}\n")).kernels, "what can't be read tells nothing")
}
