package cufile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// complaint is an error of NVRTC's log.
type complaint struct {
	Diagnostic
	missing  string // the header that cannot be opened
	instance string // the instance of a template that cannot be made
	during   string // the function that was being instantiated
}

var (
	errorLine = regexp.MustCompile(`^(.+)\((\d+)\): (?:catastrophic )?error(?: #[\w-]+)?: (.*)$`)
	noFile    = regexp.MustCompile(`(?:cannot|could not) open source file "([^"]*)"`)
	during    = regexp.MustCompile(`detected during:?.*instantiation of "(.*) \[with (.*)\]"`)
	nested    = regexp.MustCompile(`^\s+instantiation of "(.*) \[with (.*)\]"`)
)

// nameMap is the file in which NVRTC looks up the names of instances.
const nameMap, mangledName = "__nv_name_map", "#pragma nv_mangled_name "

// parseLog finds the errors of a log, each once.
func parseLog(log string) (list []complaint) {
	seen := map[Diagnostic]int{}
	at := -1
	for _, line := range strings.Split(log, "\n") {
		if m := errorLine.FindStringSubmatch(line); m != nil {
			number, _ := strconv.Atoi(m[2])
			c := complaint{Diagnostic: Diagnostic{m[1], number, m[3]}}
			if f := noFile.FindStringSubmatch(m[3]); f != nil {
				c.missing = f[1]
			}
			if i, known := seen[c.Diagnostic]; known && m[1] != nameMap {
				at = i
				continue
			}
			seen[c.Diagnostic] = len(list)
			at, list = len(list), append(list, c)
			continue
		}
		switch m := during.FindStringSubmatch(line); {
		case at < 0:
		case strings.HasPrefix(strings.TrimSpace(line), mangledName):
			list[at].instance = strings.TrimPrefix(strings.TrimSpace(line), mangledName)
		case m != nil:
			list[at].during = instanceOf(m[1], m[2])
		default:
			if m := nested.FindStringSubmatch(line); m != nil { // the outermost comes last
				list[at].during = instanceOf(m[1], m[2])
			}
		}
	}
	return list
}

// instanceOf is the name of an instance, as in "void k<T,N>(T *) [with T=float, N=3]".
func instanceOf(signature, values string) string {
	head, _, _ := strings.Cut(signature, "(")
	head, _, _ = strings.Cut(head, "<")
	fields := strings.Fields(head)
	if len(fields) == 0 {
		return ""
	}
	var arguments []string
	for _, v := range strings.Split(values, ", ") {
		_, value, found := strings.Cut(v, "=")
		if !found { // a part of a value with commas
			value = v
		}
		arguments = append(arguments, value)
	}
	return fields[len(fields)-1] + "<" + strings.Join(arguments, ", ") + ">"
}

var casts = regexp.MustCompile(`\([a-z ]+\)|\s|[uUlL]+\b`)

// sameInstance says whether two names may be of one instance, where the compiler writes values out and the file does not.
func sameInstance(a, b string) bool {
	a, b = casts.ReplaceAllString(a, ""), casts.ReplaceAllString(b, "")
	if a == b {
		return true
	}
	x, _, _ := strings.Cut(a, "<")
	y, _, _ := strings.Cut(b, "<")
	return x == y || strings.HasSuffix(x, "::"+y) || strings.HasSuffix(y, "::"+x)
}

// shown is the number of errors that are told.
const shown = 20

// explain is the error that complaints make, with what to do.
func (u *unit) explain(complaints []complaint) *Error {
	e := &Error{}
	for i, c := range complaints {
		if i == shown {
			e.Hints = append(e.Hints, fmt.Sprintf("and %d more errors", len(complaints)-shown))
			break
		}
		if c.instance != "" {
			c.Diagnostic = Diagnostic{u.main, 1, "the instance " + c.instance + ": " + c.Text}
		}
		e.Diagnostics = append(e.Diagnostics, c.Diagnostic)
	}
	for _, c := range complaints {
		if c.missing != "" {
			e.Hints = append(e.Hints, missingHint(c.missing))
		}
	}
	e.Hints = append(e.Hints, u.hintsOnNames(complaints)...)
	if len(u.empty) > 0 {
		names := slices.Sorted(maps.Keys(u.empty))
		e.Hints = append(e.Hints, fmt.Sprintf("these headers were not found and count as empty: %s; give the folders of those that are needed with -I", strings.Join(names, ", ")))
	}
	return e
}

// named finds the names in a complaint.
var named = regexp.MustCompile(`"(?:[^"]*::)?(\w+)"|^(\w+) is not a template`)

// hintsOnNames says why names that the compiler misses are not there.
func (u *unit) hintsOnNames(complaints []complaint) (hints []string) {
	for _, c := range complaints {
		for _, m := range named.FindAllStringSubmatch(c.Text, -1) {
			word := m[1] + m[2]
			hint := goneNames[word]
			for _, name := range u.order {
				if line := u.files[name].HostLine(word); line > 0 {
					hint = fmt.Sprintf("%s is a function of the host (%s:%d), neither __device__ nor constexpr, and was left out", word, name, line)
				}
			}
			for _, l := range u.left {
				if l.name == word {
					hint = fmt.Sprintf("%s was left out, as what only a host compiler understands: %s", l.name, l.why)
				}
			}
			if hint != "" && !slices.Contains(hints, hint) {
				hints = append(hints, hint)
			}
		}
	}
	return hints
}

const noTextures = "texture references have gone with CUDA 12: use a texture object (cudaTextureObject_t), or an NVRTC of CUDA 11 (CNN_GPU_NVRTC)"

// goneNames are names of CUDA that compilers no longer know.
var goneNames = map[string]string{
	"tex1D":       noTextures,
	"tex1Dfetch":  noTextures,
	"tex2D":       noTextures,
	"tex3D":       noTextures,
	"__shfl":      "__shfl has gone with sm_70: use __shfl_sync",
	"__shfl_down": "__shfl_down has gone with sm_70: use __shfl_down_sync",
	"__shfl_up":   "__shfl_up has gone with sm_70: use __shfl_up_sync",
	"__shfl_xor":  "__shfl_xor has gone with sm_70: use __shfl_xor_sync",
	"__ballot":    "__ballot has gone with sm_70: use __ballot_sync",
	"__any":       "__any has gone with sm_70: use __any_sync",
	"__all":       "__all has gone with sm_70: use __all_sync",
}
