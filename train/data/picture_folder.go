package data

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"cnn-gpu/internal/wording"
)

// parts are the names of a set's parts in small letters, as folders and lists have them.
var parts = map[string]purpose{
	"train": forTraining, "training": forTraining,
	"val": forValidation, "valid": forValidation, "validation": forValidation,
	"test": forTesting, "testing": forTesting,
}

// purposeOf is what the part of a name is for; undecided if it is none.
func purposeOf(name string) purpose { return parts[strings.ToLower(name)] }

// listFolder lists the pictures of a folder; nil if it holds none. It has a folder for each class, or a folder train that has, with
// others for validation and test beside it. A class's pictures may lie in folders within its own. Links are followed. The classes are the
// folders' if none are given.
func listFolder(dir string, classes []string) (*listing, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	f := &folderReader{listing: &listing{name: dir, source: root, classes: classes}}
	top, err := f.read(root)
	if err != nil {
		return nil, err
	}
	if hasParts(root, top.folders) {
		f.ignored += len(top.files)
		err = f.readParts(root, top.folders)
	} else {
		err = f.readClasses(root, undecided, top)
	}
	if err != nil {
		return nil, err
	}
	if len(f.pictures) == 0 && f.stray == "" {
		return nil, nil
	}
	return f.listing, f.check()
}

// folderReader reads a folder of pictures.
type folderReader struct {
	*listing
	stray string // a picture that lies in no class's folder
	empty string // a class's folder without pictures
}

// content is what is in a folder and not hidden.
type content struct {
	folders, files []string
	info           fs.FileInfo
}

func (f *folderReader) read(dir string) (content, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return content{}, fmt.Errorf("data: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return content{}, fmt.Errorf("data: %w", err)
	}
	c := content{info: info}
	for _, e := range entries {
		switch name := e.Name(); {
		case isHidden(name):
			f.ignored++
		case e.IsDir(), e.Type()&fs.ModeSymlink != 0 && isFolder(filepath.Join(dir, name)):
			c.folders = append(c.folders, name)
		default:
			c.files = append(c.files, name)
		}
	}
	return c, nil
}

// hasParts says whether folders are those of a set's parts. Train is a class, too: one without folders in it and without other parts beside it.
func hasParts(root string, folders []string) bool {
	training := slices.IndexFunc(folders, func(name string) bool { return purposeOf(name) == forTraining })
	if training < 0 {
		return false
	}
	if slices.ContainsFunc(folders, func(name string) bool { return purposeOf(name) > forTraining }) {
		return true
	}
	within := filepath.Join(root, folders[training])
	entries, _ := os.ReadDir(within) // what cannot be read is an error when it is to be
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return !isHidden(e.Name()) && isFolder(filepath.Join(within, e.Name()))
	})
}

// isHidden says whether people do not see a file: macOS leaves such a folder in archives.
func isHidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }

// readParts reads the folders of a set's parts.
func (f *folderReader) readParts(root string, folders []string) error {
	// Training comes first: it names the classes.
	slices.SortStableFunc(folders, func(a, b string) int { return int(purposeOf(a) - purposeOf(b)) })
	seen := map[purpose]string{}
	for _, name := range folders {
		p := purposeOf(name)
		if p == undecided {
			f.ignored++
			continue
		}
		if other := seen[p]; other != "" {
			return fmt.Errorf("data: %s has both %s and %s, which mean the same: keep one of them", f.name, other, name)
		}
		seen[p] = name
		c, err := f.read(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if err := f.readClasses(filepath.Join(root, name), p, c); err != nil {
			return err
		}
	}
	return nil
}

// readClasses reads the folders of the classes.
func (f *folderReader) readClasses(dir string, p purpose, c content) error {
	for _, name := range c.files {
		if IsPictureName(name) && f.stray == "" {
			f.stray = filepath.Join(dir, name)
		} else {
			f.ignored++
		}
	}
	known := f.classes
	var classes []string
	for _, name := range c.folders {
		class := className(name)
		if slices.Contains(classes, class) {
			return fmt.Errorf("data: %s: two folders are both the class %q: rename one, or put their pictures together", dir, class)
		}
		classes = append(classes, class)
	}
	if known == nil {
		f.classes = slices.Sorted(slices.Values(classes))
	}
	for i, name := range c.folders {
		class := slices.Index(f.classes, classes[i])
		if class < 0 {
			return fmt.Errorf("data: %s: %q is none of the classes that are learnt (%s): rename the folder, or move it away",
				filepath.Join(dir, name), classes[i], wording.And(f.classes))
		}
		before := len(f.pictures)
		if err := f.readPictures(filepath.Join(dir, name), class, p, []fs.FileInfo{c.info}); err != nil {
			return err
		}
		if added := f.pictures[before:]; len(added) == 0 && known == nil && f.empty == "" {
			f.empty = filepath.Join(dir, name)
		}
	}
	return nil
}

// className is a folder's name for people, on one line. Systems write the same letters in different ways: Korean ones in one piece or in several.
func className(name string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(wording.Printable(norm.NFC.String(name)))
}

// readPictures reads the pictures of a class in a folder and those within it; above are the folders that it lies in.
func (f *folderReader) readPictures(dir string, class int, p purpose, above []fs.FileInfo) error {
	c, err := f.read(dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, c.info) }) {
		return fmt.Errorf("data: %s is a link to a folder that it lies in, so that reading would never end: remove the link", dir)
	}
	for _, name := range c.files {
		if !IsPictureName(name) {
			f.ignored++
			continue
		}
		path := filepath.Join(dir, name)
		within, err := filepath.Rel(f.source, path)
		if err != nil {
			return fmt.Errorf("data: %w", err)
		}
		f.add(within, path, []int{class}, 1, p)
	}
	for _, name := range c.folders {
		if err := f.readPictures(filepath.Join(dir, name), class, p, append(slices.Clip(above), c.info)); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a folder that is laid out in another way than expected.
func (f *folderReader) check() error {
	const expected = "expected the pictures of each class in a folder that bears its name"
	switch {
	case f.stray != "" && len(f.classes) == 0:
		return fmt.Errorf("data: %s: %s, found %s and no folders", filepath.Dir(f.stray), expected, filepath.Base(f.stray))
	case f.stray != "":
		return fmt.Errorf("data: %s lies in no class's folder: %s; move it there, or out of %s", f.stray, expected, f.name)
	case f.empty != "":
		return fmt.Errorf("data: %s holds no pictures (%s): %s; fill the folder or remove it", f.empty, PictureFormats, expected)
	}
	f.sort()
	for i := range f.pictures[1:] {
		if a, b := f.pictures[i], f.pictures[i+1]; a.name == b.name {
			return fmt.Errorf("data: %s and %s have the same name in two spellings: rename one", a.path, b.path)
		}
	}
	return nil
}
