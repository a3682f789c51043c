package augment

import (
	"flag"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:generate go test -run ^TestReference$ -update

var update = flag.Bool("update", false, "write docs/augmentation.md anew")

const referenceFile = "../../../docs/augmentation.md"

// The page on augmentation says what the tables say.
func TestReference(t *testing.T) {
	page, err := template.New("augmentation.md.tmpl").Funcs(template.FuncMap{
		"number": func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) },
	}).ParseFiles("testdata/augmentation.md.tmpl")
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, page.Execute(&text, map[string]any{"Kinds": kinds, "Operations": operations}))
	if *update {
		require.NoError(t, os.WriteFile(referenceFile, []byte(text.String()), 0o666))
	}
	written, err := os.ReadFile(referenceFile)
	require.NoError(t, err)
	assert.Equal(t, text.String(), string(written), "docs/augmentation.md is stale: run make generate")
	for _, example := range regexp.MustCompile(`--augment (\S+)`).FindAllStringSubmatch(text.String(), -1) {
		_, err := Parse(example[1])
		assert.NoError(t, err)
	}
}
