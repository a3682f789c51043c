package cuda

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// The head of a source names its blocks and sums, and the macros that the Go beside it defines, no more and no fewer.
func TestHeads(t *testing.T) {
	defined := map[string][]string{}
	for _, op := range sampleOps(t) {
		for _, l := range launchesOf(op) {
			var names []string
			for _, d := range l.Defines {
				names = append(names, d.Name)
			}
			slices.Sort(names)
			if other, seen := defined[l.Source]; seen {
				require.Equal(t, other, names, "%s is compiled with other macros for %s", l.Source, l.Function)
			}
			defined[l.Source] = names
		}
	}
	for name, macros := range defined {
		for _, key := range []string{"Blocks", "Macros", "Sums"} {
			assert.NotEmpty(t, head(t, name)[key], "%s says nothing after `// %s: ` in the comment at its head", name, key)
		}
		var code string
		var want []string
		for _, file := range append(includes(t, name), name) {
			code += withoutComments(source(t, file))
			want = append(want, macrosIn(head(t, file)["Macros"])...)
		}
		slices.Sort(want)
		assert.Equal(t, macros, slices.Compact(want), "the Go that launches %s defines the former macros; `// Macros: ` at its head names the latter", name)
		for _, m := range macros {
			assert.Regexp(t, `\b`+m+`\b`, code, "%s does not use the macro %s that the Go defines", name, m)
		}
	}
}

// Kernels take the op's operands in order, read and write what the op says, and take the workspace behind them.
func TestParameters(t *testing.T) {
	for _, op := range sampleOps(t) {
		launches := launchesOf(op)
		for _, l := range launches {
			got := kernelOf(t, l).parameters
			if Workspace(launches) > 0 && len(got) > 0 {
				got = got[:len(got)-1]
			}
			var want []string
			for i, o := range op.Operands() {
				p := parameter(o)
				if i < len(got) && strings.HasPrefix(got[i], "unsigned* ") { // which stands for both types
					p = "unsigned* " + o.Name
				}
				if i < len(got) && strings.Contains(got[i], "Narrow* ") { // see narrow.cuh
					p = strings.NewReplacer("float*", "Narrow*", "unsigned short*", "Narrow*").Replace(p)
				}
				if i < len(got) && strings.Contains(got[i], "Given* ") { // see given.cuh
					p = strings.NewReplacer("float*", "Given*", "unsigned short*", "Given*").Replace(p)
				}
				if i < len(got) && strings.Contains(got[i], "Place* ") { // see pool2d_place.cuh
					p = strings.NewReplacer("unsigned char*", "Place*", "int*", "Place*").Replace(p)
				}
				if i < len(got) && strings.Contains(got[i], "Stored* ") { // see stored.cuh
					p = strings.NewReplacer("float*", "Stored*", "unsigned short*", "Stored*").Replace(p)
				}
				if i < len(got) && strings.HasPrefix(got[i], "Result<") { // see dense_head.cu
					p = got[i][:strings.Index(got[i], "*")] + "* " + o.Name
				}
				want = append(want, p)
			}
			require.Equal(t, want, got, "the operands of %s, and the parameters of %s in %s but for the workspace", op.Name(), l.Function, l.Source)
		}
	}
}

// parameter is how a kernel takes an operand.
func parameter(o kernels.Operand) string {
	p := map[kernels.Type]string{kernels.Float32: "float* ", kernels.Int32: "int* ", kernels.Uint8: "unsigned char* ", kernels.BFloat16: "unsigned short* "}[o.Type]
	if o.Access == kernels.Read {
		p = "const " + p
	}
	if o.Name == "w" {
		return p + "weights"
	}
	return p + o.Name
}

// A launch is Early if and only if its kernel waits for those before it.
func TestEarlyLaunchesWait(t *testing.T) {
	for _, op := range sampleOps(t) {
		for _, l := range launchesOf(op) {
			body := kernelOf(t, l).body
			assert.Equal(t, l.Early, strings.Contains(body, "wait_for_earlier();"), "%s of %s: it is Early, or it calls wait_for_earlier, and not both", l.Function, l.Source)
			assert.NotRegexp(t, `(?s)\breturn;.*wait_for_earlier`, body, "%s of %s: all threads wait, also those that have nothing to do", l.Function, l.Source)
		}
	}
}

// A loop with a stride may step beyond 2^31-1 at its end, and an int may not.
func TestStridedLoopsHaveRoom(t *testing.T) {
	narrow := regexp.MustCompile(`for \(int [^;]*;[^;]*; \w+ \+= [^)]*\)`)
	files, err := fs.Glob(Sources, "*.cu*")
	require.NoError(t, err)
	for _, name := range files {
		assert.Empty(t, narrow.FindString(source(t, name)), "%s: count in size_t", name)
	}
}

type kernel struct {
	name, body string
	parameters []string // without __restrict__
}

var kernelText = regexp.MustCompile(`(?s)extern "C" __global__ void (?:__launch_bounds__\(.*?\)\s+)?(\w+)\(([^)]*)\)\s*(\{.*?\n\}|\{[^\n]*\})`)

// kernelOf is the kernel that a launch runs.
func kernelOf(t *testing.T, l Launch) kernel {
	list := kernelsIn(t, l.Source)
	at := slices.IndexFunc(list, func(k kernel) bool { return k.name == l.Function })
	require.GreaterOrEqual(t, at, 0, "%s has no kernel %s", l.Source, l.Function)
	return list[at]
}

// kernelsIn lists a source's kernels.
func kernelsIn(t *testing.T, name string) []kernel {
	var list []kernel
	for _, m := range kernelText.FindAllStringSubmatch(source(t, name), -1) {
		k := kernel{name: m[1], body: m[3]}
		for _, p := range strings.Split(m[2], ",") {
			k.parameters = append(k.parameters, strings.Join(strings.Fields(strings.ReplaceAll(p, "__restrict__", "")), " "))
		}
		list = append(list, k)
	}
	return list
}

// head is the comment at the head of a source, by the words that begin a line of it and end in a colon.
func head(t *testing.T, name string) map[string]string {
	parts, key := map[string]string{}, ""
	begins := regexp.MustCompile(`^(Blocks|Macros|Sums): (.*)`)
	for line := range strings.Lines(source(t, name)) {
		line, comment := strings.CutPrefix(strings.TrimSpace(line), "//")
		if !comment {
			break
		}
		line = strings.TrimSpace(line)
		if m := begins.FindStringSubmatch(line); m != nil {
			key, line = m[1], m[2]
		}
		parts[key] += line + " "
	}
	return parts
}

// macrosIn lists the names in a text that are written in capitals and not in parentheses.
func macrosIn(text string) []string {
	depth := 0
	outside := strings.Map(func(r rune) rune {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
			return ' '
		}
		if depth > 0 {
			return -1
		}
		return r
	}, text)
	return regexp.MustCompile(`\b[A-Z][A-Z0-9_]*\b`).FindAllString(outside, -1)
}

// includes lists the headers that a source includes, and those that they include.
func includes(t *testing.T, name string) []string {
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^#include "(.*)"`).FindAllStringSubmatch(source(t, name), -1) {
		list = append(append(list, m[1]), includes(t, m[1])...)
	}
	return list
}

func withoutComments(text string) string {
	return regexp.MustCompile(`//.*`).ReplaceAllString(text, "")
}

func source(t *testing.T, name string) string {
	text, err := fs.ReadFile(Sources, name)
	require.NoError(t, err)
	return string(text)
}
