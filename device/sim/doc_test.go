package sim_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryFileIsListed holds that the list of files in the package's documentation is that of the folder.
func TestEveryFileIsListed(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	listed := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^//   - ([^:]+): \S`).FindAllStringSubmatch(string(text), -1) {
		for _, name := range strings.Split(line[1], ", ") {
			assert.False(t, listed[name], "doc.go lists %s twice", name)
			listed[name] = true
		}
	}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		name := e.Name()
		source := strings.HasSuffix(name, ".go") || strings.HasSuffix(name, ".s")
		if name == "doc.go" || strings.HasSuffix(name, "_test.go") || !source && !e.IsDir() {
			continue
		}
		assert.True(t, listed[name], "doc.go does not list %s: add it, with what of PTX or of a launch it is", name)
		delete(listed, name)
	}
	for name := range listed {
		assert.Fail(t, "doc.go lists "+name+", which does not exist")
	}
}
