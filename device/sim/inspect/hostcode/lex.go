package hostcode

import "strings"

// token is a piece of C++: a word, a number, a literal or a sign. Comments and what the preprocessor reads are none.
type token struct {
	kind       kind
	start, end int // bytes of the text
	line       int // of its start, from 1
}

type kind uint8

const (
	sign kind = iota
	word
	literal // numbers, strings and characters
)

// directive is a line of the preprocessor, continued lines with it.
type directive struct {
	name       string // like "include"
	rest       string // what follows, without comments
	start, end int
	at         int // tokens before it
}

// lexer cuts a text into tokens and directives. What is behind "#if 0" is neither.
type lexer struct {
	text       string
	at, line   int
	tokens     []token
	directives []directive
}

// signs are those of several characters that matter here: ">>" may close two templates, and is two signs.
var signs = []string{"<<<", "<<=", "<=>", "...", "->*", "::", "->", "<<", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/="}

func lex(text string) *lexer {
	l := &lexer{text: text, line: 1}
	fresh := true // nothing but blanks so far on this line
	for l.at < len(text) {
		c := text[l.at]
		switch {
		case c == '\n':
			l.at, l.line, fresh = l.at+1, l.line+1, true
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' || c == '\\':
			l.at++
		case l.comment():
		case c == '#' && fresh:
			l.directive()
		default:
			fresh = false
			l.token()
		}
	}
	return l
}

// skip goes to a place, which lies ahead, and counts the lines.
func (l *lexer) skip(to int) {
	l.line += strings.Count(l.text[l.at:to], "\n")
	l.at = to
}

// comment skips a comment, if there is one.
func (l *lexer) comment() bool {
	rest := l.text[l.at:]
	switch {
	case strings.HasPrefix(rest, "//"):
		l.skip(l.at + lineLength(rest))
	case strings.HasPrefix(rest, "/*"):
		n := strings.Index(rest[2:], "*/")
		if n < 0 {
			n = len(rest) - 4
		}
		l.skip(max(l.at+n+4, l.at+2))
	default:
		return false
	}
	l.at = min(l.at, len(l.text))
	return true
}

// lineLength is the length of a line up to its end, continued lines with it.
func lineLength(text string) int {
	for i := 0; i < len(text); i++ {
		if text[i] != '\n' {
			continue
		}
		if line := strings.TrimSuffix(text[:i], "\r"); !strings.HasSuffix(line, `\`) {
			return i
		}
	}
	return len(text)
}

func (l *lexer) directive() {
	start := l.at
	length := lineLength(l.text[start:])
	// A comment of several lines that begins on the line belongs to it.
	for from := 0; ; {
		i := strings.Index(l.text[start+from:start+length], "/*")
		if i < 0 || strings.Contains(l.text[start:start+from+i], "//") {
			break
		}
		from += i + 2
		if j := strings.Index(l.text[start+from:], "*/"); j < 0 {
			length, from = len(l.text)-start, len(l.text)-start
		} else if from += j + 2; from > length {
			length = from + lineLength(l.text[start+from:])
		}
	}
	line := strings.TrimSpace(uncomment(strings.ReplaceAll(l.text[start:start+length], "\\\n", " "))[1:])
	name := line[:wordLength(line)]
	d := directive{name: name, rest: strings.TrimSpace(line[len(name):]), start: start, end: start + length, at: len(l.tokens)}
	l.directives = append(l.directives, d)
	l.skip(start + length)
	if name == "if" && (d.rest == "0" || d.rest == "false") {
		l.skipBranch()
	}
}

// skipBranch goes to the directive that ends a branch which is never taken.
func (l *lexer) skipBranch() {
	depth := 0
	for l.at < len(l.text) {
		length := lineLength(l.text[l.at:])
		line := strings.TrimSpace(l.text[l.at : l.at+length])
		if strings.HasPrefix(line, "#") {
			name := strings.TrimSpace(line[1:])
			name = name[:wordLength(name)]
			switch {
			case strings.HasPrefix(name, "if"):
				depth++
			case name == "endif" && depth > 0:
				depth--
			case (name == "endif" || name == "else" || name == "elif") && depth == 0:
				return
			}
		}
		l.skip(min(l.at+length+1, len(l.text)))
	}
}

func uncomment(line string) string {
	for {
		i := strings.Index(line, "/*")
		if i < 0 {
			break
		}
		j := strings.Index(line[i+2:], "*/")
		if j < 0 {
			return line[:i]
		}
		line = line[:i] + " " + line[i+2+j+2:]
	}
	if i := strings.Index(line, "//"); i >= 0 && !strings.Contains(line[:i], `"`) {
		line = line[:i]
	}
	return line
}

func (l *lexer) token() {
	start, line := l.at, l.line
	rest := l.text[start:]
	k, n := sign, 1
	switch c := rest[0]; {
	case isLetter(c):
		k, n = word, wordLength(rest)
		if m := stringLength(rest[n:], rest[:n]); m > 0 {
			k, n = literal, n+m
		}
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		k, n = literal, numberLength(rest)
	case c == '"' || c == '\'':
		k, n = literal, stringLength(rest, "")
	default:
		for _, s := range signs {
			if strings.HasPrefix(rest, s) {
				n = len(s)
				break
			}
		}
	}
	l.tokens = append(l.tokens, token{k, start, start + n, line})
	l.skip(start + n)
}

func isLetter(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$' || c >= 0x80
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func wordLength(text string) int {
	n := 0
	for n < len(text) && (isLetter(text[n]) || isDigit(text[n])) {
		n++
	}
	return n
}

// numberLength takes what C++ calls a preprocessing number: 1'000, 0x1p-3f, 1e+5.
func numberLength(text string) int {
	n := 1
	for n < len(text) {
		c := text[n]
		switch {
		case isLetter(c) || isDigit(c) || c == '.':
		case c == '\'' && n+1 < len(text) && (isLetter(text[n+1]) || isDigit(text[n+1])):
		case (c == '+' || c == '-') && strings.IndexByte("eEpP", text[n-1]) >= 0:
		default:
			return n
		}
		n++
	}
	return n
}

// stringLength is the length of a string or character with its quotes, or 0 where there is none; prefix is the word before it.
func stringLength(text, prefix string) int {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return 0
	}
	switch prefix {
	case "R", "LR", "uR", "UR", "u8R":
		open := strings.IndexByte(text, '(')
		if text[0] != '"' || open < 0 || open > 17 {
			break
		}
		end := ")" + text[1:open] + `"`
		if n := strings.Index(text[open:], end); n >= 0 {
			return open + n + len(end)
		}
		return len(text)
	case "", "L", "u", "U", "u8":
	default:
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		case '\n': // it is not closed
			return i
		}
	}
	return len(text)
}
