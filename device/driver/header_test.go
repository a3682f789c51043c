//go:build cuda && cgo

package driver_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// officialHeader finds a toolkit's cuda.h: where CNN_GPU_CUDA_INCLUDE says, in a toolkit, or in Python's packages.
func officialHeader(t *testing.T) string {
	if dir := os.Getenv("CNN_GPU_CUDA_INCLUDE"); dir != "" {
		return dir
	}
	home, _ := os.UserHomeDir()
	patterns := []string{"/usr/local/cuda*/include"}
	for _, prefix := range []string{os.Getenv("VIRTUAL_ENV"), home + "/.local", home + "/.pyenv/versions/*", "/usr/local", "/usr"} {
		patterns = append(patterns, prefix+"/lib/python3*/*-packages/nvidia/cuda_runtime/include", prefix+"/lib/python3*/*-packages/nvidia/cu13/include")
	}
	for _, p := range patterns {
		found, _ := filepath.Glob(filepath.Join(p, "cuda.h"))
		if len(found) > 0 {
			return filepath.Dir(found[0])
		}
	}
	t.Skip("no official cuda.h to compare with: pip install nvidia-cuda-runtime-cu12, or set CNN_GPU_CUDA_INCLUDE to its folder")
	return ""
}

func compile(t *testing.T, output, source string, flags ...string) (string, error) {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	cmd := exec.Command(cc, append([]string{"-o", output, "-xc", "-", "-xnone"}, flags...)...)
	cmd.Stdin = strings.NewReader(source)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func preprocess(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "out")
	out, err := compile(t, file, "#include <cuda.h>", "-E", "-P", "-I"+dir)
	require.NoError(t, err, out)
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}

// Every constant, structure and function of our header must be the official one's. The official header declares the old
// versions of functions too when asked to, and C takes a second declaration only if it says the same.
func TestHeader(t *testing.T) {
	official := officialHeader(t)
	types, err := os.ReadFile("include/cuda.h")
	require.NoError(t, err)
	functions, err := os.ReadFile("include/cuda_functions.h")
	require.NoError(t, err)
	theirs := preprocess(t, official)

	var c strings.Builder
	c.WriteString("#define __CUDA_API_VERSION_INTERNAL\n#include <cuda.h>\n" + firstVersion(theirs))
	constants, later := 0, 0
	for _, m := range regexp.MustCompile(`\b(CU_\w+|CUDA_\w+) = (0x[0-9a-f]+|\d+)\b`).FindAllStringSubmatch(string(types), -1) {
		constants++
		if defined := regexp.MustCompile(`\b`+m[1]+`\b`).MatchString(theirs) || strings.HasPrefix(m[1], "CU_TRSF_"); !defined {
			later++ // of another version of CUDA than this header's
			continue
		}
		if m[1] == "CU_CTX_FLAGS_MASK" { // grows with the flags
			continue
		}
		fmt.Fprintf(&c, "_Static_assert(%s == %s, \"%s\");\n", m[1], m[2], m[1])
	}
	prototypes := 0
	exported := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^#define (cu\w+) (cu\w+)$`).FindAllStringSubmatch(string(functions), -1) {
		exported[m[1]] = m[2]
	}
	for _, m := range regexp.MustCompile(`(?m)^CUresult (cu\w+)(\(.*\);)$`).FindAllStringSubmatch(string(functions), -1) {
		name := m[1]
		if e, ok := exported[name]; ok {
			name = e
		}
		fmt.Fprintf(&c, "#undef %s\n__typeof__(%s) %s;\nCUresult %s%s\n", name, name, name, name, m[2])
		prototypes++
	}
	object := filepath.Join(t.TempDir(), "header.o")
	out, err := compile(t, object, c.String(), "-c", "-w", "-I"+official)
	require.NoError(t, err, out)
	t.Logf("%d constants, %d of them unknown to this header, and %d functions agree with %s", constants, later, prototypes, official)
	require.Greater(t, constants, 250)
	require.Greater(t, prototypes, 160)
	require.Less(t, later, 40)
	require.Equal(t, layouts(t, string(types), "include", ""), layouts(t, string(types), official, firstVersion(theirs)))
}

// firstVersion names the structures that got a second version in CUDA 12 as they were before.
func firstVersion(official string) string {
	if strings.Contains(official, "CUDA_KERNEL_NODE_PARAMS_v1") {
		return "#define CUDA_KERNEL_NODE_PARAMS CUDA_KERNEL_NODE_PARAMS_v1\n"
	}
	return ""
}

// layouts prints the size of every structure and the place of each of its fields, as a header has them.
func layouts(t *testing.T, header, include, prologue string) string {
	t.Helper()
	var c strings.Builder
	c.WriteString("#include <cuda.h>\n" + prologue + "#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n")
	n := 0
	for _, m := range regexp.MustCompile(`typedef (?:struct|union) \{((?:[^{}]|\{[^{}]*\})*)\} (\w+);`).FindAllStringSubmatch(header, -1) {
		name := m[2]
		fmt.Fprintf(&c, "printf(\"%s %%zu\\n\", sizeof(%s));\n", name, name)
		for _, field := range fields(m[1]) {
			fmt.Fprintf(&c, "printf(\"%s.%s %%zu %%zu\\n\", offsetof(%s, %s), sizeof ((%s *)0)->%s);\n", name, field, name, field, name, field)
			n++
		}
	}
	c.WriteString("return 0;}\n")
	require.Greater(t, n, 100)
	program := filepath.Join(t.TempDir(), "layouts")
	out, err := compile(t, program, c.String(), "-w", "-I"+include)
	require.NoError(t, err, out)
	printed, err := exec.Command(program).Output()
	require.NoError(t, err)
	return string(printed)
}

// fields lists the names of a structure's fields; a structure inside keeps its own to itself.
func fields(body string) (names []string) {
	body = regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(body, "")
	body = regexp.MustCompile(`\[[^\]]*\]`).ReplaceAllString(body, "")
	for _, declaration := range strings.Split(body, ";") {
		for _, part := range strings.Split(declaration, ",") {
			if words := regexp.MustCompile(`\w+`).FindAllString(part, -1); len(words) > 0 {
				names = append(names, words[len(words)-1])
			}
		}
	}
	return names
}
