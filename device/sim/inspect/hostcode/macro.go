package hostcode

import (
	"regexp"
	"strings"
)

// Macros are those that files define, by their names.
type Macros map[string]*Macro

// Macro is what a name stands for.
type Macro struct {
	Function bool // it has parameters
	bodies   []string
}

// Collect adds the macros that a text defines.
func (m Macros) Collect(text string) {
	for _, d := range lex(text).directives {
		if d.name != "define" {
			continue
		}
		n := wordLength(d.rest)
		if n == 0 {
			continue
		}
		one := m[d.rest[:n]]
		if one == nil {
			one = &Macro{}
			m[d.rest[:n]] = one
		}
		body := d.rest[n:]
		if strings.HasPrefix(body, "(") {
			one.Function = true
			_, body, _ = strings.Cut(body, ")")
		}
		one.bodies = append(one.bodies, strings.TrimSpace(body))
	}
}

var (
	deviceWords = regexp.MustCompile(`\b(__device__|__global__|__constant__|constexpr)\b`)
	kernelWords = regexp.MustCompile(`\b__global__\b`)
	// Macros of files that are not here, as CUTLASS_DEVICE is.
	deviceName = regexp.MustCompile(`^[A-Z0-9_]*(DEVICE|HOSTDEV|KERNEL_DECL|XINLINE)[A-Z0-9_]*$`)
)

// isDevice says whether a word is a macro that puts what it stands before onto the GPU.
func (m Macros) isDevice(name string) bool {
	if m[name] == nil {
		return deviceName.MatchString(name)
	}
	return m.has(name, deviceWords, 8)
}

func (m Macros) isKernel(name string) bool { return m.has(name, kernelWords, 8) }

func (m Macros) isFunction(name string) bool { return m[name] != nil && m[name].Function }

// has says whether a macro's text, or that of a macro in it, matches.
func (m Macros) has(name string, pattern *regexp.Regexp, depth int) bool {
	one := m[name]
	if one == nil || depth == 0 {
		return false
	}
	for _, body := range one.bodies {
		if pattern.MatchString(body) {
			return true
		}
		if len(body) > 200 { // a whole function
			continue
		}
		for i := 0; i < len(body); i++ {
			n := wordLength(body[i:])
			if n > 0 && m.has(body[i:i+n], pattern, depth-1) {
				return true
			}
			i += n
		}
	}
	return false
}
