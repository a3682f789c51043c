package atomicfile

import (
	"io/fs"
	"reflect"
)

// ownerOf is the user and the group of a file, where the system has them.
func ownerOf(info fs.FileInfo) (owner [2]uint64) {
	v := reflect.Indirect(reflect.ValueOf(info.Sys()))
	for i, name := range []string{"Uid", "Gid"} {
		if f := v.FieldByName(name); f.IsValid() {
			owner[i] = f.Uint()
		}
	}
	return owner
}
