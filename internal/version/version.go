// Package version says which build of the program this is.
package version

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/module"
)

// Commit is the commit that the program was built from, where the go command cannot know it because no .git is there, as in a
// container: go build -ldflags "-X cnn-gpu/internal/version.Commit=...".
var Commit string

// Text is the version, the commit, and how the program was built, a line each. With is what the build holds beyond plain Go, such as
// "with CUDA".
func Text(with string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	return text(info, Commit, with)
}

func text(info *debug.BuildInfo, commit, with string) string {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	return fmt.Sprintf("%s\n%s\n%s %s, %s", cmp.Or(strings.Trim(info.Main.Version, "()"), "devel"), commitText(info, commit), info.GoVersion, platform, with)
}

// commitText is the commit that was given or, if there is none, the one that the go command found: in a checkout by asking git, for a
// module that it fetched in the version's last part.
func commitText(info *debug.BuildInfo, given string) string {
	if given != "" {
		return "commit " + given
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		// Only a version that was made from a commit has one.
		revision, _ = module.PseudoVersionRev(info.Main.Version)
	}
	if revision == "" {
		return "unknown commit"
	}
	line := "commit " + revision
	if settings["vcs.time"] != "" {
		line += ", " + settings["vcs.time"]
	}
	if settings["vcs.modified"] == "true" {
		line += ", with changes"
	}
	return line
}
