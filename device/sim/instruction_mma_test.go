package sim_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/device/sim"
)

// product is a form of mma or wmma.mma, read from its text.
type product struct {
	text       string
	size       string
	m, n, k    int
	d, a, b, c string // types
	columns    [2]bool
	satfinite  bool
	and        bool
}

func productOf(text string) product {
	p := product{text: text, a: "f16", b: "f16"}
	var types []string
	var layouts []bool
	for _, part := range strings.Split(text, ".") {
		switch {
		case part == "row" || part == "col":
			layouts = append(layouts, part == "col")
		case part == "satfinite":
			p.satfinite = true
		case part == "and":
			p.and = true
		case slices.Contains([]string{"f16", "bf16", "tf32", "e4m3", "e5m2", "f32", "f64", "s8", "u8", "s4", "u4", "b1", "s32"}, part):
			types = append(types, part)
		case part[0] == 'm' && len(part) > 1 && part[1] < '9':
			p.size = part
			_, _ = fmt.Sscanf(part, "m%dn%dk%d", &p.m, &p.n, &p.k)
		}
	}
	p.columns = [2]bool(layouts)
	p.d, p.c = types[0], types[len(types)-1]
	if len(types) == 4 {
		p.a, p.b = types[1], types[2]
	}
	return p
}

// bitsOf is the width of an element of a matrix.
func bitsOf(t string) int {
	if _, small := smallFormats[t]; small {
		return 8
	}
	return width(t)
}

// smallFormats are those of 8 bits, for whole numbers.
var smallFormats = map[string]format{"e4m3": {8, 4, -6, 8, 0}, "e5m2": {8, 3, -14, 15, 0}}

// matrixValue is the whole number in row r and column c of a matrix of a type; which is the index of the matrix. Those of integers fill
// their range; of C some lie so near to its ends that sums do not fit.
func matrixValue(which int, t string, r, c int) int64 {
	mix := r*31 + c*17 + which*7 + r*c
	switch t {
	case "s8":
		return int64(int8(mix * 37))
	case "u8":
		return int64(uint8(mix * 37))
	case "s4":
		return int64(mix%16 - 8)
	case "u4":
		return int64(mix % 16)
	case "b1":
		return int64(mix / 3 % 2)
	case "s32":
		return []int64{0, -77, math.MaxInt32 - 3, math.MinInt32 + 5, 1000}[mix%5]
	}
	return int64(mix%9 - 3)
}

// matrixBits are the bits of a whole number in a type.
func matrixBits(t string, v int64) uint64 {
	if f, ok := smallFormats[t]; ok {
		return f.encode(big.NewFloat(float64(v)), "rn")
	}
	if f, ok := formats[t]; ok {
		return f.encode(big.NewFloat(float64(v)), "rn")
	}
	return uint64(v) & (1<<width(t) - 1)
}

// result is what D has to hold in row r and column c.
func (p product) result(r, c, quad int) uint64 {
	sum := matrixValue(2+quad, p.c, r, c)
	for k := range p.k {
		x, y := matrixValue(0+quad, p.a, r, k), matrixValue(1+quad, p.b, k, c)
		switch {
		case p.a == "b1" && p.and:
			sum += x & y
		case p.a == "b1":
			sum += x ^ y
		default:
			sum += x * y
		}
	}
	if p.satfinite {
		sum = max(math.MinInt32, min(sum, math.MaxInt32))
	}
	return matrixBits(p.d, sum)
}

// rowRule says which row and column of A the element i of a lane is, in the words of the PTX ISA ("Matrix Fragments for mma.m8n8k4" and
// the sections after it): row groupID for i in upper and 8 more for the others, column threadID_in_group*each + i%each, and step more for
// each from elements. Of B element i is in row threadID_in_group*each + i%each and step more for each each, and in column groupID.
type rowRule struct {
	sizes, types string
	upper        [][2]int
	each         int
	from, step   int
}

var rowRules = []rowRule{
	{"m16n8k8", "f16 bf16", [][2]int{{0, 2}}, 2, 8, 0},
	{"m16n8k16", "f16 bf16", [][2]int{{0, 2}, {4, 6}}, 2, 4, 8},
	{"m16n8k4", "tf32", [][2]int{{0, 1}}, 1, 8, 0},
	{"m16n8k8", "tf32", [][2]int{{0, 1}, {2, 3}}, 1, 2, 4},
	{"m8n8k4", "f64", [][2]int{{0, 1}}, 1, 8, 0},
	{"m16n8k4", "f64", [][2]int{{0, 1}}, 1, 8, 4},
	{"m16n8k8", "f64", [][2]int{{0, 1}, {2, 3}}, 1, 2, 4},
	{"m16n8k16", "f64", [][2]int{{0, 1}, {2, 3}, {4, 5}, {6, 7}}, 1, 2, 4},
	{"m8n8k16", "s8 u8", [][2]int{{0, 4}}, 4, 8, 0},
	{"m16n8k16", "s8 u8 e4m3 e5m2", [][2]int{{0, 4}}, 4, 8, 0},
	{"m16n8k32", "s8 u8 e4m3 e5m2", [][2]int{{0, 4}, {8, 12}}, 4, 8, 16},
	{"m8n8k32", "s4 u4", [][2]int{{0, 8}}, 8, 16, 0},
	{"m16n8k32", "s4 u4", [][2]int{{0, 8}}, 8, 16, 0},
	{"m16n8k64", "s4 u4", [][2]int{{0, 8}, {16, 24}}, 8, 16, 32},
	{"m8n8k128", "b1", [][2]int{{0, 32}}, 32, 64, 0},
	{"m16n8k128", "b1", [][2]int{{0, 32}}, 32, 64, 0},
	{"m16n8k256", "b1", [][2]int{{0, 32}, {64, 96}}, 32, 64, 128},
}

func ruleOf(size, t string) rowRule {
	for _, r := range rowRules {
		if r.sizes == size && slices.Contains(strings.Fields(r.types), t) {
			return r
		}
	}
	panic("no rule for " + size + " of " + t)
}

// elements gives row and column of each element that a lane holds of A, B, C and D.
func (p product) elements(matrix, lane int) (at [][2]int) {
	group, in, high := lane/4, lane%4, lane/16*4
	quads := p.size == "m8n8k4" && p.a == "f16"
	t := []string{p.a, p.b, p.c, p.d}[matrix]
	switch {
	case quads && matrix < 2: // 4 elements along the leading dimension
		for i := range 4 {
			at = append(at, choose(p.columns[matrix], [2]int{i + choose(matrix == 0, high, 0), lane%4 + choose(matrix == 0, 0, high)},
				[2]int{lane%4 + choose(matrix == 0, high, 0), i + choose(matrix == 0, 0, high)}))
		}
	case quads:
		for i := range 8 {
			at = append(at, choose(t == "f16", [2]int{lane%4 + high, i}, [2]int{lane&1 + i&2 + high, i&4 + lane&2 + i&1}))
		}
	case matrix == 0:
		rule := ruleOf(p.size, p.a)
		for i := range p.m * p.k / 32 {
			row := group + 8
			for _, u := range rule.upper {
				if i >= u[0] && i < u[1] {
					row = group
				}
			}
			at = append(at, [2]int{row, in*rule.each + i%rule.each + i/rule.from*rule.step})
		}
	case matrix == 1:
		rule := ruleOf(p.size, p.b)
		for i := range p.k * p.n / 32 {
			at = append(at, [2]int{in*rule.each + i%rule.each + i/rule.each*rule.step, group})
		}
	default:
		for i := range p.m * p.n / 32 {
			at = append(at, [2]int{group + i/2*8, in*2 + i%2})
		}
	}
	return at
}

// words are the 32-bit words of the registers that a lane holds of a matrix.
func (p product) words(matrix, lane int) []uint32 {
	t := []string{p.a, p.b, p.c, p.d}[matrix]
	quad := 0
	if p.size == "m8n8k4" && t != "f64" && p.a == "f16" {
		quad = lane / 4 % 4
	}
	var list []uint32
	used := 32
	for _, at := range p.elements(matrix, lane) {
		var bits uint64
		if matrix == 3 {
			bits = p.result(at[0], at[1], quad)
		} else {
			bits = matrixBits(t, matrixValue(matrix+quad, t, at[0], at[1]))
		}
		switch n := bitsOf(t); {
		case n == 64:
			list = append(list, uint32(bits), uint32(bits>>32))
		case used == 32:
			list, used = append(list, uint32(bits)), n
		default:
			list[len(list)-1] |= uint32(bits) << used
			used += n
		}
	}
	return list
}

// row makes the row of one mma: each lane finds its registers in a table in global memory. Crossed, the registers of D are those of C in
// reverse order.
func (p product) row(crossed bool) row {
	var table []string
	var want [32][]uint32
	var counts [3]int // words
	for lane := range 32 {
		for matrix := range 3 {
			list := p.words(matrix, lane)
			counts[matrix] = len(list)
			for _, v := range list {
				table = append(table, fmt.Sprint(v))
			}
		}
		want[lane] = p.words(3, lane)
	}
	per, register, load := 1, "%r", "u32"
	if p.a == "f64" {
		per, register, load = 2, "%d", "b64"
	}
	names := func(first, words int) string {
		var list []string
		for i := range words / per {
			list = append(list, fmt.Sprintf("%s%d", register, first+i))
		}
		return "{" + strings.Join(list, ", ") + "}"
	}
	all := counts[0] + counts[1] + counts[2]
	body := fmt.Sprintf("\tmov.u64 %%d20, table;\n\tmad.lo.s64 %%d20, %%d2, %d, %%d20;\n", 4*all)
	for i := range all / per {
		body += fmt.Sprintf("\tld.global.%s %s%d, [%%d20+%d];\n", load, register, 32+i, 4*per*i)
	}
	n := len(want[0])
	c := 32 + (counts[0]+counts[1])/per
	results := make([]string, n/per)
	for i := range results {
		results[i] = fmt.Sprintf("%s%d", register, choose(crossed, c+n/per-1-i, 50+i))
	}
	body += fmt.Sprintf("\t%s {%s}, %s, %s, %s;\n", p.text, strings.Join(results, ", "), names(32, counts[0]), names(32+counts[0]/per, counts[1]), names(c, counts[2]))
	for i := range n { // a sum in which no two results can change places unseen
		if per == 2 && i%2 == 0 {
			body += fmt.Sprintf("\tmov.b64 {%%r60, %%r61}, %s;\n", results[i/2])
		}
		body += fmt.Sprintf("\tmad.lo.u32 %%r%d, %s, %d, %%r%d;\n", 30+i%2, choose(per == 2, fmt.Sprintf("%%r%d", 60+i%2), results[i/per]), 2*i+1, 30+i%2)
	}
	return row{name: p.text + choose(crossed, " crossed", ""), declarations: fmt.Sprintf(".global .align 8 .b32 table[%d] = {%s};", len(table), strings.Join(table, ", ")), body: body,
		want: func(i int, _ []words) (uint32, uint32) {
			var sums [2]uint32
			for j, v := range want[i] {
				sums[j%2] += v * uint32(2*j+1)
			}
			return sums[0], sums[1]
		}}
}

func multiplyRows() (rows []row) {
	for _, name := range sim.MultiplyNames() {
		if strings.HasPrefix(name, "mma") {
			p := productOf(name)
			rows = append(rows, p.row(false))
			if p.c == p.d {
				rows = append(rows, p.row(true))
			}
		}
	}
	return rows
}

// The forms that the PTX ISA lists (mma; wmma.mma), counted by hand: those of the quads, f16, tf32, bf16, fp8, f64, integers of 8 and of 4
// bits, bits; then those of wmma.
func TestFormsOfProducts(t *testing.T) {
	count := map[bool]int{}
	for _, name := range sim.MultiplyNames() {
		count[strings.HasPrefix(name, "wmma")]++
	}
	assert.Equal(t, 4*3+4+2+2+16+4+3*2*4+3*2*4+3*2, count[false])
	assert.Equal(t, 3*4*4+3*4+4+4*3+3*4*2*2+2*2+2, count[true])
}
