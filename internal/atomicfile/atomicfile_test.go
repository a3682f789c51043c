package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func names(t *testing.T, folder string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWrite(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", filepath.Join(folder, "nowhere")) // which no file needs
	path := filepath.Join(folder, "a")
	for _, want := range []string{"one", "another"} {
		require.NoError(t, Write(path, text(want)))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
	broken := errors.New("broken")
	assert.ErrorIs(t, Write(path, func(w io.Writer) error { return errors.Join(text("half")(w), broken) }), broken)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "another", string(got))
	assert.Equal(t, []string{"a"}, names(t, folder))
	assert.ErrorIs(t, Write(filepath.Join(folder, "none", "a"), text("")), os.ErrNotExist)
	require.NoError(t, os.Mkdir(filepath.Join(folder, "b"), 0o777))
	assert.Error(t, Write(filepath.Join(folder, "b"), text("")), "a folder is in the way")
	assert.Equal(t, []string{"a", "b"}, names(t, folder))
}

// While a file is written nothing stands in its folder but, where it needs one, a name that is known to be left over.
func TestWhileItIsWritten(t *testing.T) {
	for name, writeTemporary := range map[string]func(string, func(io.Writer) error) (string, error){
		"unnamed": writeUnnamed, "named": writeNamed,
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "a")
			var during []string
			temporary, err := writeTemporary(path, func(w io.Writer) error {
				during = names(t, folder)
				return text("x")(w)
			})
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip("this file system has no files without names")
			}
			require.NoError(t, err)
			if name == "named" {
				assert.Equal(t, []string{filepath.Base(temporary)}, during)
			} else {
				assert.Empty(t, during)
			}
			require.NoError(t, os.WriteFile(filepath.Join(folder, ".mine"), nil, 0o666))
			require.NoError(t, RemoveLeftovers(folder))
			assert.Equal(t, []string{".mine"}, names(t, folder))
		})
	}
}

// A file has the permissions that any new file has there.
func TestPermissions(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Chmod(folder, 0o777|os.ModeSetgid))
	plain := filepath.Join(folder, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o666))
	want, err := os.Stat(plain)
	require.NoError(t, err)
	for name, writeTemporary := range map[string]func(string, func(io.Writer) error) (string, error){"unnamed": writeUnnamed, "named": writeNamed} {
		temporary, err := writeTemporary(filepath.Join(folder, name), text(""))
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		require.NoError(t, err)
		got, err := os.Stat(temporary)
		require.NoError(t, err)
		assert.Equal(t, want.Mode(), got.Mode(), name)
		assert.Equal(t, ownerOf(want), ownerOf(got), name)
	}
}
