package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The README's steps make a module of one's own that builds the README's code, with what is in Go's module cache alone.
func TestReadmeModule(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command")
	}
	var steps []string
	var code string
	for _, b := range blocks(t, "../../README.md") {
		if b[0] == "go" {
			code = b[1]
		} else if strings.HasPrefix(b[1], "go mod edit") {
			steps = strings.Split(strings.TrimSpace(b[1]), "\n")
		}
	}
	require.Len(t, steps, 2)
	clone, err := filepath.Abs("../..")
	require.NoError(t, err)
	// newModule is a folder beside the clone, as the README has it.
	newModule := func(t *testing.T) (dir string, run func(command string) (string, error)) {
		parent := t.TempDir()
		require.NoError(t, os.Symlink(clone, filepath.Join(parent, "cnn-gpu")))
		dir = filepath.Join(parent, "mine")
		require.NoError(t, os.Mkdir(dir, 0o777))
		var imports strings.Builder
		for _, name := range []string{"context", "fmt", "log", "cnn-gpu/model", "cnn-gpu/train", "cnn-gpu/train/data"} {
			imports.WriteString("import \"" + name + "\"\n")
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\n"+imports.String()+"\nfunc main() {\n"+code+"}\n"), 0o666))
		run = func(command string) (string, error) {
			words := strings.Fields(command)
			c := exec.Command(words[0], words[1:]...)
			c.Dir = dir
			c.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off", "CGO_ENABLED=0")
			text, err := c.CombinedOutput()
			return string(text), err
		}
		text, err := run("go mod init example.com/mine")
		require.NoError(t, err, text)
		return dir, run
	}
	build := func(t *testing.T, run func(string) (string, error), steps ...string) {
		for _, step := range steps {
			text, err := run(step)
			if strings.Contains(text, "module lookup disabled by GOPROXY=off") {
				t.Skipf("%s: the module cache lacks a module that only tests need:\n%s", step, text)
			}
			require.NoError(t, err, "%s: %s", step, text)
		}
		text, err := run("go vet .")
		require.NoError(t, err, text)
	}
	t.Run("tidy", func(t *testing.T) {
		_, run := newModule(t)
		build(t, run, steps...)
	})
	t.Run("get", func(t *testing.T) {
		dir, run := newModule(t)
		build(t, run, steps[0], "go get ./...")
		sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
		require.NoError(t, err)
		assert.Contains(t, string(sums), "gorgonia.org/tensor v")
		assert.NotRegexp(t, regexp.MustCompile(`(?m)^google\.golang\.org/(grpc|genproto) v[^/ ]+ `), string(sums), "gRPC is not downloaded")
	})
}
