package data

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPictureFoldersThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		make func(a *album)
		want string
	}{
		"one class":    {func(a *album) { a.add("cat", 9) }, `has one class alone, "cat": expected at least two`},
		"no folders":   {func(a *album) { a.add(".", 3) }, "in a folder that bears its name, found 000.png and no folders"},
		"a stray":      {func(a *album) { a.add("cat", 3); a.add("dog", 3); a.add(".", 1) }, "000.png lies in no class's folder"},
		"an empty one": {func(a *album) { a.add("cat", 3); a.add("dog", 3); a.write("fox/notes.txt", nil) }, "fox holds no pictures (PNG,"},
		"test without classes": {func(a *album) { a.add("train/cat", 3); a.add("train/dog", 3); a.add("test", 2) },
			filepath.Join("test", "000.png") + " lies in no class's folder"},
		"another class": {func(a *album) { a.add("train/cat", 3); a.add("train/dog", 3); a.add("test/fox", 2) },
			`"fox" is none of the classes that are learnt (cat and dog): rename the folder`},
		"two of a part": {func(a *album) { a.add("train/cat", 3); a.add("val/cat", 3); a.add("valid/cat", 3) }, "has both val and valid"},
		"a loop": {func(a *album) {
			a.add("cat", 3)
			a.add("dog", 3)
			require.NoError(a.t, os.Symlink("..", filepath.Join(a.dir, "dog", "up")))
		}, filepath.Join("dog", "up") + " is a link to a folder that it lies in"},
		"a loop within": {func(a *album) {
			a.add("cat", 3)
			a.add("dog/in", 3)
			require.NoError(a.t, os.Symlink("../../dog", filepath.Join(a.dir, "dog", "in", "up")))
		}, "is a link to a folder that it lies in, so that reading would never end: remove the link"},
		"none readable": {func(a *album) { a.add("cat", 3); a.write("dog/a.png", []byte("text")) },
			"or another --seed). Pictures left out, since they cannot be read: 1\n  dog/a.png: expected a picture"},
		"too few": {func(a *album) { a.add("cat", 1); a.add("dog", 1) }, "there is no picture to test on (of the pictures, 0.2 is set apart"},
		"two spellings": {func(a *album) {
			a.add("\uac15", 2)
			a.add("\u1100\u1161\u11bc", 2)
		}, `two folders are both the class "강"`},
		"two spellings of a file": {func(a *album) {
			a.add("cat", 2)
			a.add("dog/\uac15", 2)
			a.add("dog/\u1100\u1161\u11bc", 2)
		}, "have the same name in two spellings"},
		"too many classes": {func(a *album) {
			for i := range 257 {
				a.add(fmt.Sprintf("c%03d", i), 1)
			}
		}, "has 257 classes: expected at most 256"},
		"no shape":      {func(a *album) { a.add("cat", 3); a.add("dog", 3); a.options.Pictures.Shape = nil }, "say what they are to become"},
		"another shape": {func(a *album) { a.add("cat", 3); a.add("dog", 3); a.options.Pictures.Shape = []int{5, 5, 4} }, "the model takes [5 5 4]"},
		"too large": {func(a *album) {
			a.add("cat", 3)
			a.add("dog", 3)
			a.options.Pictures.Shape = []int{1 << 20, 1 << 20, 3}
		},
			"out of memory: to make images of 1048576x1048576x3 takes "},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAlbum(t)
			c.make(a)
			_, err := a.open()
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := OpenSplits(t.TempDir(), Options{})
	assert.ErrorContains(t, err, "expected a folder of pictures for each class")
}

// A link to a folder elsewhere is as good as the folder, and Korean names are what people read.
func TestPictureFoldersBehindLinks(t *testing.T) {
	a := newAlbum(t)
	a.add("\u1100\u1161\u11bc", 9)
	elsewhere := newAlbum(t)
	elsewhere.add("x", 9)
	require.NoError(t, os.Symlink(filepath.Join(elsewhere.dir, "x"), filepath.Join(a.dir, "dog")))
	s, _ := a.splits()
	assert.Equal(t, []string{"dog", "\uac15"}, s.Training.Classes())
	assert.Equal(t, 18, s.Training.Len()+s.Test.Len())
}
