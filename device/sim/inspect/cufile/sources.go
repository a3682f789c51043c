package cufile

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim/inspect/hostcode"
)

// sources are a file and the headers of the user's own that it includes, wherever that leads. A header has the name of its file, so that
// messages and line tables show it.
type sources struct {
	main     string
	order    []string // names of files, the main one first
	files    map[string]*hostcode.File
	includes map[string]map[hostcode.Include]string // what each file includes of the others
	empty    map[string]bool                        // missing headers that count as empty
	options  []string                               // the compiler's, without the folders that were looked into here
}

func readSources(file string, options []string, toolkit nvrtc.Headers) (*sources, error) {
	s := &sources{main: file, files: map[string]*hostcode.File{}, includes: map[string]map[hostcode.Include]string{}, empty: map[string]bool{}}
	var folders []string
	for _, o := range options {
		folder, isFolder := includeFolder(o)
		if isFolder && !nvrtc.HoldsHeaders(folder) {
			folders = append(folders, folder)
			continue
		}
		s.options = append(s.options, o)
	}
	texts := map[string]string{}
	macros := hostcode.Macros{}
	for _, text := range stubs {
		macros.Collect(text)
	}
	s.order = []string{file}
	for i := 0; i < len(s.order); i++ {
		name := s.order[i]
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		texts[name] = string(text)
		macros.Collect(texts[name])
		names := map[hostcode.Include]string{}
		for _, include := range hostcode.Includes(texts[name]) {
			found := find(include, filepath.Dir(name), folders)
			if found == "" {
				continue
			}
			names[include] = found
			if !slices.Contains(s.order, found) {
				s.order = append(s.order, found)
			}
		}
		s.includes[name] = names
	}
	for name, text := range texts {
		s.files[name] = hostcode.Read(text, macros)
	}
	return s, nil
}

// includeFolder is the folder of an option -I.
func includeFolder(option string) (string, bool) {
	for _, prefix := range []string{"-I", "--include-path="} {
		if folder, ok := strings.CutPrefix(option, prefix); ok {
			return folder, true
		}
	}
	return "", false
}

// find finds the file that a line includes; empty if it is none of the user's own.
func find(include hostcode.Include, beside string, folders []string) string {
	if !include.Quoted && stub(include.Name) != nil {
		return ""
	}
	if include.Quoted {
		folders = append([]string{beside}, folders...)
	}
	if origin(include.Name) == "" {
		folders = append(folders, around(beside)...)
	}
	for _, folder := range folders {
		file := filepath.Join(folder, include.Name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file
		}
	}
	return ""
}

// maxLevels is how far up headers are looked for, unless the top of a repository comes first.
const maxLevels = 6

// around lists the folders around a file in which projects keep their headers.
func around(folder string) (list []string) {
	for range maxLevels {
		for _, inner := range []string{".", "include", "inc", "includes", "src", "csrc", "common", "Common", "common/inc", "utils"} {
			list = append(list, filepath.Join(folder, inner))
		}
		if _, err := os.Stat(filepath.Join(folder, ".git")); err == nil {
			break
		}
		folder = filepath.Join(folder, "..")
	}
	return list
}

// text is a file as the compiler gets it.
func (s *sources) text(name string) string { return s.files[name].Redirect(s.includes[name]) }

// headers are all headers that the compiler gets from here, by the names by which they are included.
func (s *sources) headers() map[string]string {
	all := map[string]string{}
	for _, name := range s.order {
		if name != s.main {
			all[name] = s.text(name)
		}
		for _, include := range s.files[name].Includes() {
			if text := stub(include.Name); text != nil && s.includes[name][include] == "" {
				all[include.Name] = *text
			}
		}
	}
	maps.Copy(all, stubs)
	for name := range s.empty {
		all[name] = ""
		if text := stub(name); text != nil {
			all[name] = *text
		}
	}
	return all
}
