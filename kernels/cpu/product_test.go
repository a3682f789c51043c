package cpu

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The offsets are those that internal/productgen reads the fields of a product by.
func TestProductLayout(t *testing.T) {
	var p product
	var s segment
	assert.Equal(t, map[string]uintptr{
		"a": 0, "b": 24, "c": 48, "start": 72, "segments": 96, "steps": 120, "aStep": 128, "bStep": 136,
		"aRows": 144, "cRows": 168, "floor": 192, "next": 200, "segment.a": 0, "segment.b": 8,
	}, map[string]uintptr{
		"a": unsafe.Offsetof(p.a), "b": unsafe.Offsetof(p.b), "c": unsafe.Offsetof(p.c), "start": unsafe.Offsetof(p.start),
		"segments": unsafe.Offsetof(p.segments), "steps": unsafe.Offsetof(p.steps), "aStep": unsafe.Offsetof(p.aStep),
		"bStep": unsafe.Offsetof(p.bStep), "aRows": unsafe.Offsetof(p.aRows), "cRows": unsafe.Offsetof(p.cRows),
		"floor": unsafe.Offsetof(p.floor), "next": unsafe.Offsetof(p.next),
		"segment.a": unsafe.Offsetof(s.a), "segment.b": unsafe.Offsetof(s.b),
	})
	assert.EqualValues(t, 16, unsafe.Sizeof(s))
	assert.EqualValues(t, 6, tileRows)
	assert.EqualValues(t, 16, tileColumns)
}

// The values are whole numbers, so that the sums are exact.
func TestProduct(t *testing.T) {
	used := variant
	defer func() { variant = used }()
	for _, variant = range Variants() {
		for rows := 1; rows <= 5*tileRows; rows++ {
			for segments := range 4 {
				for _, adds := range []bool{false, true} {
					p := newProduct(rows, segments, 1+(rows+segments)%4)
					if adds {
						p.start = nil
					}
					for columns, run := range map[int]func(*product){tileColumns: (*product).run, narrowColumns: (*product).runNarrow} {
						c := slices.Clone(p.c)
						q := p
						q.c = c
						run(&q)
						for i, place := range p.cRows {
							assert.Equal(t, p.want(i)[:columns], c[place:][:columns], "row %d of %d, %d segments, adds %v, on %s", i, rows, segments, adds, variant)
							place += tileColumns
							assert.Equal(t, p.c[place:place+1], c[place:place+1], "after row %d of %d on %s", i, rows, variant)
						}
					}
				}
			}
		}
	}
}

// newProduct returns a product whose rows lie apart and in no order.
func newProduct(rows, segments, steps int) product {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(segments)))
	whole := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(r.IntN(19) - 9)
		}
		return s
	}
	p := product{
		a: whole(1000), b: whole(1000), c: whole(rows * (tileColumns + 1)), start: whole(tileColumns), steps: steps, floor: -30,
		aStep: 1 + r.IntN(3), bStep: tileColumns + r.IntN(3),
	}
	for range segments {
		p.segments = append(p.segments, segment{a: r.IntN(300), b: r.IntN(300)})
	}
	for _, place := range r.Perm(rows) {
		p.aRows, p.cRows = append(p.aRows, r.IntN(300)), append(p.cRows, place*(tileColumns+1))
	}
	return p
}

// want is what row i of C should be.
func (t *product) want(i int) []float32 {
	row := slices.Clone(t.c[t.cRows[i]:][:tileColumns])
	for j := range row {
		if t.start != nil {
			row[j] = t.start[j]
		}
		for _, s := range t.segments {
			for step := range t.steps {
				row[j] += t.a[t.aRows[i]+s.a+step*t.aStep] * t.b[s.b+step*t.bStep+j]
			}
		}
		row[j] = max(row[j], t.floor)
	}
	return row
}

func TestGeneratedAssemblyIsCurrent(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command to run the generators: ", err)
	}
	for _, name := range []string{"product", "pooled", "gather", "winograd", "list", "pick", "vector", "transpose"} {
		file := name + "_amd64.s"
		out := filepath.Join(t.TempDir(), file)
		message, err := exec.Command("go", "run", "./internal/"+name+"gen", "-out", out).CombinedOutput()
		require.NoError(t, err, string(message))
		want, err := os.ReadFile(out)
		require.NoError(t, err)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, body(want), body(got), "run go generate ./kernels: "+file)
	}
}

// body is a generated file without its first line, which repeats the command's arguments.
func body(file []byte) string {
	for i, c := range file {
		if c == '\n' {
			return string(file[i:])
		}
	}
	return ""
}
