package cufile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The rule of the sample: of each project those files that have a kernel and at most so many lines, and of these so many at equal distances in the
// order of their paths.
const (
	sampledFiles = 15
	sampledLines = 1000
)

// TestFilesAsTheyAre says of a sample of public .cu files whether they compile, and why not: of the projects in the folder that CNN_GPU_CU_FILES
// names, each a folder in it. docs/simulator.md has the figures.
func TestFilesAsTheyAre(t *testing.T) {
	root := os.Getenv("CNN_GPU_CU_FILES")
	if root == "" {
		t.Skip("CNN_GPU_CU_FILES names no folder with projects")
	}
	t.Setenv("CNN_GPU_KERNELS", t.TempDir())
	projects, err := os.ReadDir(root)
	require.NoError(t, err)
	all, good := 0, 0
	for _, project := range projects {
		t.Run(project.Name(), func(t *testing.T) {
			files := sample(t, filepath.Join(root, project.Name()))
			compiled := 0
			for _, file := range files {
				start := time.Now()
				p, err := Compile(file, nil, "--gpu-architecture=compute_90")
				seconds := time.Since(start).Seconds()
				if err == nil && len(p.Broken) > 0 {
					err = p.Broken[0].Why
				}
				if err != nil {
					t.Logf("no  %s %.1fs\n%s", file, seconds, err)
					continue
				}
				compiled++
				t.Logf("yes %s %.1fs, %d kernels, templates without instances: %q", file, seconds, strings.Count(string(p.PTX), ".entry "), p.Templates)
			}
			t.Logf("%s: %d of %d compile", project.Name(), compiled, len(files))
			all, good = all+len(files), good+compiled
		})
	}
	t.Logf("%d of %d compile", good, all)
}

// sample lists files of a project.
func sample(t *testing.T, project string) (files []string) {
	var all []string
	require.NoError(t, filepath.WalkDir(project, func(file string, _ os.DirEntry, err error) error { // in the order of their paths
		if err != nil || filepath.Ext(file) != ".cu" {
			return err
		}
		text, err := os.ReadFile(file)
		if bytes.Contains(text, []byte("__global__")) && bytes.Count(text, []byte("\n")) <= sampledLines {
			all = append(all, file)
		}
		return err
	}))
	if len(all) <= sampledFiles {
		return all
	}
	for i := range sampledFiles {
		files = append(files, all[i*len(all)/sampledFiles])
	}
	return files
}
