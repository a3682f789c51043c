package ptx

import "fmt"

// Error is a failure to read PTX.
type Error struct {
	Line    int // from 1
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("ptx: line %d: %s", e.Line, e.Message) }

type tokenKind uint8

const (
	endToken tokenKind = iota
	wordToken
	numberToken
	stringToken // text without the quotes
	signToken   // punctuation: one character, or two of an operator such as <<
)

// scanner cuts the text into tokens, one at a time. After a failure every token is the end.
type scanner struct {
	src        string
	pos        int
	lineAtPos  int32
	kind       tokenKind
	text       string
	line       int32 // of the token
	start      int   // of the token in src
	priorEnd   int   // end of the token before
	firstError error
}

const (
	letterByte  = 1 << iota // starts a word and may stand in one
	digitByte               // starts a number, and may stand in a word
	percentByte             // starts a word
	dotByte                 // starts a directive, a modifier or a component
	blankByte               // newline not included

	nameBytes = letterByte | digitByte
)

var byteClass = func() (class [256]byte) {
	for c := range class {
		switch {
		case c >= '0' && c <= '9':
			class[c] = digitByte
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '$':
			class[c] = letterByte
		case c == '%':
			class[c] = percentByte
		case c == '.':
			class[c] = dotByte
		case c == ' ', c == '\t', c == '\r', c == 0:
			class[c] = blankByte
		}
	}
	return class
}()

func (s *scanner) fail(format string, args ...any) {
	if s.firstError == nil {
		s.firstError = &Error{int(s.line), fmt.Sprintf(format, args...)}
	}
	s.kind, s.text, s.pos = endToken, "", len(s.src)
}

// failToken reports the present token as one that should not stand where it does.
func (s *scanner) failToken(wanted string) {
	found := fmt.Sprintf("%q", s.text)
	if s.kind == endToken {
		found = "the end of the text"
	}
	s.fail("expected %s, found %s", wanted, found)
}

// next moves to the following token.
func (s *scanner) next() {
	s.priorEnd = s.start + len(s.text)
	if s.kind == stringToken {
		s.priorEnd++
	}
	s.skipBlanks()
	s.line, s.start = s.lineAtPos, s.pos
	if s.pos >= len(s.src) {
		s.kind, s.text = endToken, ""
		return
	}
	class, following := byteClass[s.src[s.pos]], byteClass[s.byteAt(s.pos+1)]
	switch {
	case class == digitByte, class == dotByte && following == digitByte:
		s.number()
	case class == letterByte, class&(percentByte|dotByte) != 0 && following&nameBytes != 0:
		s.word()
	case s.src[s.pos] == '"':
		s.quoted()
	default:
		s.kind = signToken
		s.pos++
		switch s.src[s.start : s.pos+min(1, len(s.src)-s.pos)] {
		case "<<", ">>", "<=", ">=", "==", "!=", "&&", "||":
			s.pos++
		}
		s.text = s.src[s.start:s.pos]
	}
}

// byteAt returns a byte of the text, 0 behind its end.
func (s *scanner) byteAt(pos int) byte {
	if pos < len(s.src) {
		return s.src[pos]
	}
	return 0
}

func (s *scanner) skipBlanks() {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		switch {
		case c == '\n':
			s.lineAtPos++
			s.pos++
		case byteClass[c] == blankByte:
			s.pos++
		case c == '/' && s.byteAt(s.pos+1) == '/':
			for s.pos < len(s.src) && s.src[s.pos] != '\n' {
				s.pos++
			}
		case c == '/' && s.byteAt(s.pos+1) == '*':
			for s.pos += 2; s.pos < len(s.src) && !(s.src[s.pos] == '*' && s.byteAt(s.pos+1) == '/'); s.pos++ {
				if s.src[s.pos] == '\n' {
					s.lineAtPos++
				}
			}
			s.pos = min(s.pos+2, len(s.src))
		default:
			return
		}
	}
}

// word reads a name or an opcode with its modifiers, or one directive: ".reg.b32" is two tokens, as "%r1%r2" is. "::" joins parts, as in
// ld.shared::cta.u32.
func (s *scanner) word() {
	inside := byte(nameBytes | dotByte)
	if s.src[s.pos] == '.' {
		inside = nameBytes
	}
	i := s.pos + 1
	for {
		for i < len(s.src) && byteClass[s.src[i]]&inside != 0 {
			i++
		}
		if s.byteAt(i) != ':' || s.byteAt(i+1) != ':' || byteClass[s.byteAt(i+2)]&nameBytes == 0 {
			break
		}
		i += 2
	}
	s.kind, s.text, s.pos = wordToken, s.src[s.pos:i], i
}

func (s *scanner) number() {
	i := s.pos
	prefixed := s.src[i] == '0' && byteClass[s.byteAt(i+1)] == letterByte // hexadecimal digits hold an e
	for i < len(s.src) && byteClass[s.src[i]]&(nameBytes|dotByte) != 0 {
		exponent := s.src[i] == 'e' || s.src[i] == 'E'
		i++
		if exponent && !prefixed && (s.byteAt(i) == '-' || s.byteAt(i) == '+') {
			i++
		}
	}
	s.kind, s.text, s.pos = numberToken, s.src[s.pos:i], i
}

func (s *scanner) quoted() {
	end := s.pos + 1
	for end < len(s.src) && s.src[end] != '"' && s.src[end] != '\n' {
		end++
	}
	if s.byteAt(end) != '"' {
		s.fail("a string without its end")
		return
	}
	s.kind, s.text, s.start, s.pos = stringToken, s.src[s.pos+1:end], s.pos+1, end+1
}

func (s *scanner) isToken(text string) bool { return s.text == text && s.kind != stringToken }

// accept moves on if the token is the given one.
func (s *scanner) accept(text string) bool {
	if !s.isToken(text) {
		return false
	}
	s.next()
	return true
}

func (s *scanner) expect(text string) {
	if !s.accept(text) {
		s.failToken(fmt.Sprintf("%q", text))
	}
}

// name returns a word and moves on.
func (s *scanner) name(what string) string {
	if s.kind != wordToken {
		s.failToken(what)
		return ""
	}
	text := s.text
	s.next()
	return text
}
