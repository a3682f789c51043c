package inspect

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// FuzzDebugInfo reads the sections of debug data that bytes are: every type has a name, a size and an example that has an end.
func FuzzDebugInfo(f *testing.F) {
	text, err := os.ReadFile(arguments)
	require.NoError(f, err)
	sections := assemble(string(text))
	f.Add(sections[".debug_abbrev"], sections[".debug_info"], sections[".debug_str"])
	f.Fuzz(func(t *testing.T, abbrev, info, strings []byte) {
		known := readSections(map[string][]byte{".debug_abbrev": abbrev, ".debug_info": info, ".debug_str": strings})
		for _, parameters := range known.kernels {
			for _, p := range parameters {
				if p.kind != nil {
					_, _, _ = typeName(p.kind), p.kind.Size(), exampleValue(p.kind)
				}
			}
		}
	})
}

// FuzzScript reads any text as a script: a script with a file and launches, or an error.
func FuzzScript(f *testing.F) {
	text, err := os.ReadFile("../../../docs/simulator/jacobi.yaml")
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("file: k.cu\nlaunches: [{kernel: 'k<1>', grid: [1, 2], block: 3, shared: 4, args: [1, {a: b, c: [1]}], repeat: 2}]\nexpect: {y: y.npy}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &Script{}
		if s.parse(text) != nil {
			return
		}
		require.NotEmpty(t, s.File)
		require.NotEmpty(t, s.Launches)
		for _, v := range append(s.Buffers, s.Variables...) {
			require.NotEmpty(t, v.Name)
			require.NotEqual(t, yaml.Kind(0), v.node.Kind)
		}
	})
}
