package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// freeName is the name of a file or folder to make, numbered if there is one of that name, unless by force.
func freeName(path string, force bool) string {
	if force {
		return path
	}
	extension := filepath.Ext(path)
	free := path
	for i := 2; exists(free); i++ {
		free = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, extension), i, extension)
	}
	return free
}

// checkNew refuses to write over the file that a flag names, unless by force.
func checkNew(path, flag string, force bool) error {
	if !force && exists(path) {
		return fmt.Errorf("%s is there already; give another name with --%s, or write over it with --force", path, flag)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
