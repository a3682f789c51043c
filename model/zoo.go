package model

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"cnn-gpu/internal/wording"
)

//go:embed zoo/*.yaml
var zoo embed.FS

// Zoo lists the names of the models that come with the program.
func Zoo() []string {
	// The folder is part of the program.
	entries, _ := zoo.ReadDir("zoo")
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(names) // which files are not where one name begins with another
	return names
}

// ZooSource says who describes a model of the zoo, and where. None if there is no such model.
func ZooSource(name string) string {
	text, _ := zoo.ReadFile(zooFile(name))
	_, source, _ := strings.Cut(string(text), "\n# Source: ")
	source, _, _ = strings.Cut(source, "\n")
	return source
}

func zooFile(name string) string { return "zoo/" + name + ".yaml" }

// ZooText is the file of a model of the zoo, to be read, changed and opened as a file.
func ZooText(name string) (string, error) {
	text, err := zoo.ReadFile(zooFile(name))
	if err != nil {
		return "", fmt.Errorf("model: there is no model %q in the zoo; %s", name, zooChoices(name))
	}
	return string(text), nil
}

// Open builds a model of the zoo or, if there is none of that name, of a model file.
func Open(nameOrFile string) (*Model, error) {
	if text, err := ZooText(nameOrFile); err == nil {
		return Parse(nameOrFile+".yaml", []byte(text))
	}
	m, err := ReadFile(nameOrFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("model: there is no model file %q and no such model in the zoo; %s", nameOrFile, zooChoices(nameOrFile))
	}
	return m, err
}

// zooChoices lists the zoo, the name that was probably meant first.
func zooChoices(name string) string {
	list := "the zoo has " + strings.Join(Zoo(), ", ")
	if near := wording.Nearest(name, Zoo()); near != "" {
		return wording.Choose(name, Zoo()) + " (" + list + ")"
	}
	return list
}
