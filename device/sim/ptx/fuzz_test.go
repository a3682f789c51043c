package ptx

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse holds that no text makes the parser panic, hang or take memory out of proportion, and that what the tree points to exists.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.ptx")
	require.NoError(f, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, body := range statements {
		f.Add([]byte(kernelAround(body)))
	}
	for _, text := range modules {
		f.Add([]byte(head + text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		for _, function := range m.Functions {
			checkFunction(t, function)
		}
	})
}

func checkFunction(t *testing.T, f *Function) {
	for i, loc := range f.Locations {
		require.Less(t, int(loc.Caller), i)
	}
	for _, table := range f.BranchTables {
		for _, target := range table {
			require.LessOrEqual(t, int(target), len(f.Body))
		}
	}
	for _, in := range f.Body {
		require.Less(t, int(in.Guard), len(f.Registers))
		require.Less(t, int(in.Location), len(f.Locations))
		checkOperands(t, f, in.Operands)
	}
}

func checkOperands(t *testing.T, f *Function, operands []Operand) {
	for _, o := range operands {
		require.LessOrEqual(t, o.Kind, SinkOperand)
		require.Less(t, int(o.Register), max(1, len(f.Registers)))
		require.False(t, o.Kind == VariableOperand && o.Variable == nil)
		require.False(t, o.Kind == LabelOperand && o.Value > uint64(len(f.Body)))
		require.False(t, o.Kind == TableOperand && o.Value >= uint64(len(f.BranchTables)))
		checkOperands(t, f, o.Elements)
	}
}
