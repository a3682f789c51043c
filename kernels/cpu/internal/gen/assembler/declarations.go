package assembler

import (
	"errors"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"

	"github.com/mmcloughlin/avo/gotypes"
)

// Declarations reads what the Go files of a folder declare for amd64. Function bodies and what other packages declare are left out: the
// assembly needs structs of numbers and slices, constants, and signatures.
func Declarations(dir string) (*types.Package, error) {
	system := build.Default
	system.GOARCH = "amd64"
	folder, err := system.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range folder.GoFiles {
		file, err := parser.ParseFile(set, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	checker := types.Config{
		IgnoreFuncBodies: true,
		Importer:         none{},
		Sizes:            gotypes.Sizes,
		Error:            func(error) {}, // what other packages declare is not known
	}
	declarations, _ := checker.Check(folder.Name, set, files, nil)
	return declarations, nil
}

// none imports nothing.
type none struct{}

func (none) Import(string) (*types.Package, error) {
	return nil, errors.New("other packages are left out")
}
