package sass

import (
	"bytes"
	"encoding/base64"
	"fmt"
)

// mark begins the last line of PTX that carries its machine code.
const mark = "\n//machine code: "

// Attach gives PTX with the machine code that was made of it, as a comment: it goes wherever the PTX goes, and means nothing to who does
// not look for it.
func Attach(ptx, cubin []byte) []byte {
	ptx = bytes.TrimRight(ptx, "\x00\n")
	out := make([]byte, 0, len(ptx)+len(mark)+base64.StdEncoding.EncodedLen(len(cubin))+2)
	out = append(append(out, ptx...), mark...)
	out = base64.StdEncoding.AppendEncode(out, cubin)
	return append(out, '\n', 0)
}

// Detach gives the PTX, and the machine code if it carries any.
func Detach(text []byte) (ptx, cubin []byte, err error) {
	ptx, code, found := bytes.Cut(text, []byte(mark))
	if !found {
		return text, nil, nil
	}
	cubin, err = base64.StdEncoding.AppendDecode(nil, bytes.TrimRight(code, "\x00\n"))
	if err != nil {
		return nil, nil, fmt.Errorf("sass: the machine code in the last line of the PTX: %w", err)
	}
	return ptx, cubin, nil
}
