package data

import (
	"cnn-gpu/internal/wording"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The kinds of a set's files, in the order in which they are listed: images and labels of each half. The last two may be missing.
const (
	trainImages = iota
	trainLabels
	testImages
	testLabels
	validationImages
	validationLabels
	kinds
)

// needed is the number of the kinds that every set has.
const needed = validationImages

// kindNames are how the files' names begin after the prefix. Others that say the same are taken too (see halves).
var kindNames = [kinds]string{"train-images", "train-labels", "test-images", "test-labels", "validation-images", "validation-labels"}

// halves are the words of file names, and the first kind of what each means.
var halves = map[string]int{
	"train": trainImages,
	"test":  testImages, "t10k": testImages,
	"validation": validationImages, "valid": validationImages, "val": validationImages,
}

var (
	idxName = regexp.MustCompile(`^(.+-)?(train|test|t10k|val|valid|validation)-(images|labels)[-.]idx[134]-ubyte(\.gz)?$`)
	// nearName is what downloads and editors make of an IDX file's name.
	nearName = regexp.MustCompile(`(?i)(train|test|t10k|val).*(image|label)`)
)

// found is what a folder holds of a set.
type found struct {
	paths  [kinds]string
	others []string // the prefixes of files of other sets, without their dashes
	near   []string // names that look like those of IDX files and are none
}

// findFiles looks for the files of a folder whose names have the prefix. Of a file and its .gz it takes the plain one. Where no file
// bears a name but a folder does, as when archives are unpacked each into a folder of its own, it looks into that folder.
func findFiles(dir, prefix string) (*found, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	f := &found{}
	var folders [kinds]string
	for _, e := range entries { // sorted: a plain file comes before its .gz
		path := filepath.Join(dir, e.Name())
		kind, its, ok := kindOf(e.Name())
		switch {
		case !ok:
			if nearName.MatchString(e.Name()) {
				f.near = append(f.near, e.Name())
			}
		case its != prefix:
			f.others = append(f.others, strings.TrimSuffix(its, "-"))
		case isFolder(path):
			folders[kind] = path
		case f.paths[kind] == "":
			f.paths[kind] = path
		}
	}
	for kind, folder := range folders {
		if folder == "" || f.paths[kind] != "" {
			continue
		}
		if f.paths[kind], err = inside(folder, kind, prefix); err != nil {
			return nil, err
		}
	}
	slices.Sort(f.others)
	f.others = slices.Compact(f.others)
	return f, nil
}

// kindOf tells which of a set's files bears a name, and the prefix before it.
func kindOf(name string) (kind int, prefix string, ok bool) {
	m := idxName.FindStringSubmatch(name)
	if m == nil {
		return 0, "", false
	}
	kind = halves[m[2]]
	if m[3] == "labels" {
		kind++
	}
	return kind, m[1], true
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// inside is the file of a kind in a folder that bears its name, or the folder itself if there is none.
func inside(folder string, kind int, prefix string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	for _, e := range entries {
		if k, its, ok := kindOf(e.Name()); ok && k == kind && its == prefix {
			return filepath.Join(folder, e.Name()), nil
		}
	}
	return folder, nil
}

// isEmpty reports whether none of the set's files is there.
func (f *found) isEmpty() bool { return f.paths == [kinds]string{} }

// check wants the files of a set that is there in part to be complete.
func (f *found) check(dir, prefix string) error {
	for kind, path := range f.paths {
		half := kind / 2 * 2
		if path != "" || kind >= needed && f.paths[half] == "" && f.paths[half+1] == "" {
			continue
		}
		return fmt.Errorf("data: %s: expected a file %s%s (or .gz%s), found none%s", dir, prefix, fileName(kind), otherName[half], f.seen())
	}
	return nil
}

// otherName is the other word that a file's name may begin with.
var otherName = map[int]string{testImages: ", or t10k for test", validationImages: ", or val for validation"}

// fileName is the usual name of a kind's file, without its prefix.
func fileName(kind int) string { return fmt.Sprintf("%s-idx%d-ubyte", kindNames[kind], 3-2*(kind%2)) }

// nearShown is the most names that a message lists.
const nearShown = 4

// seen tells of files whose names are not quite right.
func (f *found) seen() string {
	if len(f.near) == 0 {
		return ""
	}
	list := make([]string, 0, nearShown)
	for _, name := range f.near[:min(len(f.near), nearShown)] {
		list = append(list, fmt.Sprintf("%q", name))
	}
	if more := len(f.near) - nearShown; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("; there is %s: a name has to be as above, letter for letter, so rename what is meant", strings.Join(list, ", "))
}

// place is a folder in which a set's files may lie, and how their names begin there.
type place struct{ dir, prefix string }

// search looks for a set in one place after the other and returns the first that has some of its files, or nil. Hints tell what
// else was seen.
func search(places []place) (f *found, hints string, err error) {
	for _, p := range places {
		f, err := findFiles(p.dir, p.prefix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if !f.isEmpty() {
			return f, "", f.check(p.dir, p.prefix)
		}
		if len(f.others) > 0 && hints == "" {
			hints = "; " + otherSets(p.dir, f.others)
		}
		hints += f.seen()
	}
	return nil, hints, nil
}

// otherSets tells of files whose names begin with another set's name, or with none.
func otherSets(dir string, prefixes []string) string {
	if prefixes[0] == "" {
		prefixes = prefixes[1:]
		if len(prefixes) == 0 {
			return fmt.Sprintf("the files in %s name no set: read them as a folder, with --data %s", dir, wording.Argument(dir))
		}
	}
	return fmt.Sprintf("%s holds files of %s: name the set, as in --data %s --data-dir %s", dir, strings.Join(prefixes, ", "), wording.Argument(prefixes[0]), wording.Argument(dir))
}
