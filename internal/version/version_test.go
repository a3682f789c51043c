package version

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	build := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: hash}
	date := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-30T12:00:00Z"}
	modified := func(v string) debug.BuildSetting { return debug.BuildSetting{Key: "vcs.modified", Value: v} }
	for name, c := range map[string]struct {
		info        *debug.BuildInfo
		commit      string
		first, next string
	}{
		"checkout":               {build("v1.2.3", revision, date, modified("false")), "", "v1.2.3", "commit " + hash + ", 2026-11-30T12:00:00Z"},
		"checkout with changes":  {build("v1.2.3+dirty", revision, date, modified("true")), "", "v1.2.3+dirty", "commit " + hash + ", 2026-11-30T12:00:00Z, with changes"},
		"fetched, of a commit":   {build("v0.0.0-20261130120000-0123456789ab"), "", "v0.0.0-20261130120000-0123456789ab", "commit 0123456789ab"},
		"fetched, of a release":  {build("v1.2.3"), "", "v1.2.3", "unknown commit"},
		"tarball":                {build("(devel)"), "", "devel", "unknown commit"},
		"no information":         {build(""), "", "devel", "unknown commit"},
		"container":              {build("(devel)"), hash, "devel", "commit " + hash},
		"tarball in another git": {build("v9.9.9+dirty", debug.BuildSetting{Key: "vcs.revision", Value: "another"}), hash, "v9.9.9+dirty", "commit " + hash},
	} {
		want := c.first + "\n" + c.next + "\ngo1.26.0 " + runtime.GOOS + "/" + runtime.GOARCH + ", with CUDA"
		assert.Equal(t, want, text(c.info, c.commit, "with CUDA"), name)
	}
}

// The go command is asked itself: this package, in a module and a repository of their own, is built in each way that there is.
func TestBuilds(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	copyFile := func(from, to string) {
		text, err := os.ReadFile(from)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, to)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, to), text, 0o666))
	}
	copyFile("../../go.mod", "go.mod")
	copyFile("../../go.sum", "go.sum")
	copyFile("version.go", "internal/version/version.go")
	program := "package main\n\nimport (\n\t\"fmt\"\n\n\t\"cnn-gpu/internal/version\"\n)\n\nfunc main() { fmt.Println(version.Text(\"without CUDA\")) }\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o666))
	bin := t.TempDir()
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=-buildvcs=auto", "GOWORK=off", "CGO_ENABLED=0", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		return strings.TrimSpace(string(out))
	}
	built := func(args ...string) []string {
		t.Helper()
		path := filepath.Join(bin, "built")
		run("go", append(append([]string{"build", "-o", path}, args...), ".")...)
		lines := strings.Split(run(path), "\n")
		require.Len(t, lines, 3)
		assert.Equal(t, runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH+", without CUDA", lines[2])
		return lines
	}

	assert.Equal(t, "unknown commit", built()[1], "a tarball")
	assert.Equal(t, "devel", built()[0], "a tarball")

	// The container's build gives the commit in the way that the Dockerfile writes.
	docker, err := os.ReadFile("../../docker/Dockerfile")
	require.NoError(t, err)
	flags := regexp.MustCompile(`LDFLAGS="(-s -X [\w./-]+=)\$\{REVISION\}"`).FindSubmatch(docker)
	require.NotNil(t, flags, "the Dockerfile's build")
	assert.Equal(t, "commit abc123", built("-ldflags", string(flags[1])+"abc123")[1])
	assert.Equal(t, "unknown commit", built("-ldflags", string(flags[1]))[1])

	run("git", "init", "-q")
	run("git", "add", ".")
	run("git", "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "one")
	head := run("git", "rev-parse", "HEAD")
	lines := built()
	assert.Regexp(t, "^commit "+head+`, \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, lines[1])
	assert.Regexp(t, "^v0.0.0-[0-9]{14}-"+head[:12]+"$", lines[0])
	run("go", "install", ".")
	assert.Equal(t, strings.Join(lines, "\n"), run(filepath.Join(bin, "cnn-gpu")))

	run("git", "tag", "v1.2.3")
	assert.Equal(t, "v1.2.3", built()[0])
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program+"\n// changed\n"), 0o666))
	lines = built()
	assert.Equal(t, "v1.2.3+dirty", lines[0])
	assert.Regexp(t, ", with changes$", lines[1])
}
