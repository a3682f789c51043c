package main

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var fenced = regexp.MustCompile("(?ms)^```(.*?)\n(.*?)^```$")

// blocks lists the fenced blocks of a README, each as its language and text.
func blocks(t *testing.T, path string) [][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var list [][]string
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1:])
	}
	require.NotEmpty(t, list)
	return list
}

func TestKoreanPagesHaveTheSameCommands(t *testing.T) {
	for _, page := range []string{"README", "docs/own-images", "docs/fine-tuning", "docs/simulator"} {
		assert.Equal(t, blocks(t, "../../"+page+".md"), blocks(t, "../../"+page+".ko.md"))
	}
}

// The README's Go code is the Example of package train, which the tests run.
func TestReadmeCodeIsTheExample(t *testing.T) {
	text, err := os.ReadFile("../../train/example_test.go")
	require.NoError(t, err)
	_, body, found := strings.Cut(string(text), "func Example() {\n")
	require.True(t, found)
	body, _, found = strings.Cut(body, "\t// Output:")
	require.True(t, found)
	body = regexp.MustCompile(`(?m)^\t`).ReplaceAllString(body, "")
	for _, b := range blocks(t, "../../README.md") {
		if b[0] == "go" {
			assert.Equal(t, body, b[1])
			return
		}
	}
	t.Fatal("the README has no Go code")
}

// Every link to a file leads to one.
func TestLinks(t *testing.T) {
	root := os.DirFS("../..")
	link := regexp.MustCompile(`\]\(([^):#]+)(#[^)]*)?\)`)
	links := 0
	for _, pattern := range []string{"*.md", "*/*.md"} {
		files, err := fs.Glob(root, pattern)
		require.NoError(t, err)
		for _, file := range files {
			text, err := fs.ReadFile(root, file)
			require.NoError(t, err)
			for _, m := range link.FindAllStringSubmatch(string(text), -1) {
				_, err := fs.Stat(root, path.Join(path.Dir(file), m[1]))
				assert.NoError(t, err, file)
				links++
			}
		}
	}
	assert.Greater(t, links, 10)
}

// Every command line of the README that calls cnn-gpu is one that it takes.
func TestReadmeCommandsParse(t *testing.T) {
	lines := 0
	for _, b := range blocks(t, "../../README.md") {
		if b[0] != "sh" {
			continue
		}
		for line := range strings.Lines(b[1]) {
			line, _, _ = strings.Cut(line, "#")
			line, _, _ = strings.Cut(line, ">")
			words := strings.Fields(line)
			if len(words) == 0 || words[0] != "bin/cnn-gpu" {
				continue
			}
			lines++
			root := newRootCommand()
			command, rest, err := root.Find(words[1:])
			require.NoError(t, err, line)
			require.NoError(t, command.ParseFlags(rest), line)
			assert.NoError(t, command.ValidateArgs(command.Flags().Args()), line)
		}
	}
	assert.Greater(t, lines, 8)
}
