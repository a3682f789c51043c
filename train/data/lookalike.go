package data

import (
	"bytes"
	"net/http"
	"strings"
)

// lookalike is something else that is found under an IDX file's name, and what to do about it.
type lookalike struct{ begins, what, remedy string }

const (
	unpack   = "unpack it"
	getAnew  = "get the file anew"
	wrongOne = "give the IDX file"
)

var lookalikes = []lookalike{
	{"PK\x03\x04", "a zip archive", unpack},
	{gzipMagic, "a gzip file within a gzip file", "unpack it once, with gunzip"},
	{"BZh", "a bzip2 file", unpack},
	{"\xfd7zXZ\x00", "an xz file", unpack},
	{"(\xb5/\xfd", "a Zstandard file", unpack},
	{"7z\xbc\xaf'\x1c", "a 7z archive", unpack},
	{"version https://git-lfs.github.com/spec/", "a Git LFS pointer, which stands for the file", "fetch the file with git lfs pull"},
	{"/annex/objects/", "a git-annex pointer, which stands for the file", "fetch the file with git annex get"},
	{"\x93NUMPY", "a NumPy array", wrongOne},
	{"\x89HDF\r\n\x1a\n", "an HDF5 file", wrongOne},
	{"<?xml", "an XML document, as a server's error is", getAnew},
	{"{", "JSON, as a server's error is", getAnew},
}

// tarMagic stands in a tar archive's first header.
const (
	tarMagic   = "ustar"
	tarMagicAt = 257
)

// recognise says what begins like this, if it can: the bytes are not those of an IDX file.
func recognise(head []byte) (lookalike, bool) {
	for _, l := range lookalikes {
		if bytes.HasPrefix(head, []byte(l.begins)) {
			return l, true
		}
	}
	if len(head) > tarMagicAt && bytes.HasPrefix(head[tarMagicAt:], []byte(tarMagic)) {
		return lookalike{what: "a tar archive", remedy: unpack}, true
	}
	switch kind, _, _ := strings.Cut(http.DetectContentType(head), ";"); {
	case len(head) == 0:
	case kind == "text/html":
		return lookalike{what: "a web page (HTML)", remedy: "the download was answered with a page: " + getAnew}, true
	case kind == "text/plain":
		return lookalike{what: "a text", remedy: wrongOne}, true
	case strings.HasPrefix(kind, "image/"):
		return lookalike{what: "a picture (" + kind + ")", remedy: wrongOne}, true
	}
	return lookalike{}, false
}
