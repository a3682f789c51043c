// Package structure holds the module to its structure: kernels <- device <- model <- train <- cmd, as docs/design.md draws it.
package structure

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root   = "../.."
	module = "cnn-gpu/"
)

// room is a package, or with /... a folder of packages, and what of ours it may import.
type room struct {
	name string
	may  string
	why  string
}

// rooms are searched in their order.
var rooms = []room{
	{"internal/texttable", "internal/wording", "a table is made of words and numbers"},
	{"internal/markdown", "", "a page is text"},
	{"internal/npy", "internal/wording", "what is wrong with an array is said in words"},
	{"internal/...", "", "words and numbers know nothing of networks"},
	{"kernels/internal/...", "", "an algorithm's coefficients stand for themselves"},
	{"kernels", "", "what an op is depends on nothing"},
	{"kernels/plan", "kernels", "lifetimes need ops alone"},
	{"kernels/rewrite", "kernels", "passes look at ops and buffers alone"},
	{"kernels/cpu/internal/...", "kernels/cpu/internal/... kernels/internal/...", "a generator reads the engine's declarations as text"},
	{"kernels/cpu/...", "kernels kernels/rewrite kernels/internal/...", "an engine knows neither the other one nor the devices above it"},
	{"kernels/cuda", "kernels kernels/rewrite", "an engine knows neither the other one nor the devices above it"},
	{"kernels/kerneltest", "kernels kernels/internal/...", "the oracle must not compute with the code that it holds"},
	{"device/sim/inspect", "device/sim/... device/driver/... internal/npy internal/wording", "it runs kernels on numbers from files, and says in words what came of it"},
	{"device/sim/...", "device/sim/... device/driver/...", "a simulated GPU runs any PTX: it knows nothing of ops"},
	{"device/driver/...", "device/driver/...", "a driver runs any kernel: it knows nothing of ops"},
	{"device", "kernels kernels/plan kernels/rewrite kernels/cpu kernels/cuda device/... internal/memory internal/wording", "devices run the ops of any model"},
	{"device/micro", "kernels device device/driver/... device/sim/...", "it times a device and its driver, not ops"},
	{"model/safetensors", "internal/atomicfile", "the file format holds any tensors"},
	{"model", "kernels kernels/plan model/safetensors internal/wording internal/texttable", "a model is lowered to ops for no device in particular"},
	{"train/data", "internal/memory internal/npy internal/wording", "data sets know no models"},
	{"train/data/augment", "internal/wording", "pictures are changed whatever set they are of"},
	{"train/plot", "", "pictures are drawn of numbers alone"},
	{"train/tensorboard", "", "events are numbers, texts and pictures of anybody's"},
	{"train/metrics", "", "how good answers are does not depend on who gave them"},
	{"train/internal/loader", "model train/data train/data/augment", "batches are filled whoever trains on them"},
	{"train/internal/traintest", "device/... model", "tests share it, and nothing but tests imports it"},
	{"train", "kernels device model/... train/data train/data/augment train/internal/loader internal/wording", "a program that trains links no tests and nothing of the command's"},
	{"train/run", "kernels device/... model/... train train/data train/data/augment train/metrics train/plot train/tensorboard internal/...", "a run is a training with its folder; it links no tests"},
	{"train/bench", "kernels device model train train/data train/data/augment train/internal/loader internal/wording", "it times what any program can run"},
	{"train/check", "kernels kernels/kerneltest device model train internal/wording", "it holds training against the oracle; only the command links it"},
	{"cmd/...", "kernels/... device/... model train train/bench train/check train/data train/data/augment train/metrics train/plot train/run internal/...", "it is at the top"},
	{"examples/...", "model train train/data train/run", "an example shows what a user of the library imports"},
}

// TestImports holds that each package imports what its room may: those of every platform and build tag, tests aside.
func TestImports(t *testing.T) {
	used := map[string]bool{}
	for _, i := range imports(t) {
		at := slices.IndexFunc(rooms, func(r room) bool { return within(i.from, r.name) })
		if !assert.GreaterOrEqual(t, at, 0, "%s: package %s is in no room: give it a line in the table of this test, and one in docs/design.md", i.file, i.from) {
			continue
		}
		room := rooms[at]
		used[room.name] = true
		ours, isOurs := strings.CutPrefix(i.path, module)
		if isOurs {
			isAllowed := slices.ContainsFunc(strings.Fields(room.may), func(pattern string) bool { return within(ours, pattern) })
			assert.True(t, isAllowed, "%s: %s imports %s. It may import %s: %s. Move what it needs into one of these, or to who calls it.",
				i.file, i.from, ours, list(room.may), room.why)
		}
		if isTestCode(i.path) && i.from != "train/internal/traintest" {
			assert.Fail(t, fmt.Sprintf("%s: %s imports %s, which is for tests: move what uses it into a _test.go", i.file, i.from, i.path))
		}
	}
	for _, r := range rooms {
		assert.True(t, used[r.name], "there is no package %s any more: take its line out of the table of this test", r.name)
	}
}

// TestTrainingLinksNoTests looks at packages of others too.
func TestTrainingLinksNoTests(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	imports(t) // a test that reads no file of a package would be taken from the cache after the package changed
	_, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	for _, program := range []string{"./train", "./train/run"} {
		c := exec.Command("go", "list", "-deps", "-tags", "cuda", program)
		c.Dir = root
		dependencies, err := c.Output()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			require.NoError(t, err, "%s", exit.Stderr)
		}
		require.NoError(t, err)
		for dependency := range strings.FieldsSeq(string(dependencies)) {
			for _, forbidden := range []string{"kernels/kerneltest", "train/check", "train/bench", "train/internal/traintest"} {
				assert.NotEqual(t, module+forbidden, dependency, "%s links it; only cmd/cnn-gpu may", program)
			}
			assert.False(t, isTestCode(dependency), "%s links %s, which is for tests", program, dependency)
		}
	}
}

func isTestCode(importPath string) bool {
	return within(importPath, "testing/...") || within(importPath, "github.com/stretchr/testify/...")
}

// imported is an import of a file that is no test.
type imported struct{ file, from, path string }

func imports(t *testing.T) (list []imported) {
	require.NoError(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if base := d.Name(); base == "testdata" || name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return fs.SkipDir
			}
			return nil
		case filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		file, err := filepath.Rel(root, name)
		file = filepath.ToSlash(file)
		list = append(list, imported{file, path.Dir(file), "unsafe"}) // a package that imports nothing is in a room too
		for _, spec := range tree.Imports {
			importPath, unquoteErr := strconv.Unquote(spec.Path.Value)
			err = errors.Join(err, unquoteErr)
			list = append(list, imported{file, path.Dir(file), importPath})
		}
		return err
	}))
	require.NotEmpty(t, list)
	return list
}

// within says whether a package is the pattern's, or with /... below it.
func within(name, pattern string) bool {
	folder, isFolder := strings.CutSuffix(pattern, "/...")
	return name == folder || isFolder && strings.HasPrefix(name, folder+"/")
}

func list(packages string) string {
	if packages == "" {
		return "nothing of ours"
	}
	return strings.Join(strings.Fields(packages), ", ")
}
