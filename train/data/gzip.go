package data

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

const gzipMagic = "\x1f\x8b"

// gunzip reads what a gzip file holds: one stream or several behind each other, then perhaps zeros, with which some tapes and
// downloads fill up.
type gunzip struct {
	in *bufio.Reader
	z  *gzip.Reader
}

func newGunzip(in *bufio.Reader) (*gunzip, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gunzip{in, z}, nil
}

func (g *gunzip) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if n > 0 && errors.Is(err, io.EOF) {
			return n, nil // the end comes with the next call
		}
		if err == nil {
			return n, nil
		}
		if !errors.Is(err, io.EOF) {
			return n, &gzipError{torn(err).Error()}
		}
		if err := g.next(); err != nil {
			return 0, err
		}
	}
}

// next goes on to the stream behind the one that has ended. Its error is io.EOF if nothing or padding is there.
func (g *gunzip) next() error {
	if magic, _ := g.in.Peek(len(gzipMagic)); string(magic) == gzipMagic {
		if err := g.z.Reset(g.in); err != nil {
			return &gzipError{torn(err).Error()}
		}
		g.z.Multistream(false)
		return nil
	}
	junk, rest := false, int64(0)
	for {
		b, err := g.in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		junk = junk || b != 0
		rest++
	}
	if junk {
		return &gzipError{fmt.Sprintf("what was compressed is whole, but %d bytes of junk stand behind it: cut them off, or get the file anew", rest)}
	}
	return io.EOF
}

// gzipError says what is wrong with a gzip file. It does not unwrap: a stream that ends too early is no end of the content, as
// io.ErrUnexpectedEOF would be.
type gzipError struct{ text string }

func (e *gzipError) Error() string { return e.text }
