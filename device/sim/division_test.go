package sim_test

import (
	_ "embed"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// NVRTC 12.9 made it with --gpu-architecture=compute_80 --std=c++17 -lineinfo --device-int128.
//
//go:embed testdata/division.ptx
var divisionPTX string

// TestDivisionOf128Bits holds compiled divisions against big integers.
func TestDivisionOf128Bits(t *testing.T) {
	const n = 4096
	r := rand.New(rand.NewPCG(11, 5))
	draw := func() [2]uint64 { // of any length
		var v [2]uint64
		bits := r.IntN(128) + 1
		for i := range v {
			if here := min(64, bits-64*i); here > 0 {
				v[i] = r.Uint64() >> (64 - here)
			}
		}
		if r.IntN(4) == 0 {
			v[0], v[1] = ^v[0], ^v[1]
		}
		return v
	}
	a, b := make([][2]uint64, n), make([][2]uint64, n)
	a[0], b[0] = [2]uint64{3000000042000000147}, [2]uint64{998244353}
	for i := 1; i < n; i++ {
		a[i], b[i] = draw(), draw()
		if b[i] == [2]uint64{} {
			b[i][0] = 7
		}
	}
	half := new(big.Int).Lsh(big.NewInt(1), 127)
	number := func(v [2]uint64, signed bool) *big.Int {
		z := new(big.Int).SetUint64(v[1])
		z.Lsh(z, 64).Or(z, new(big.Int).SetUint64(v[0]))
		if signed && z.Cmp(half) >= 0 {
			z.Sub(z, new(big.Int).Lsh(half, 1))
		}
		return z
	}
	for kernel, signed := range map[string]bool{"divide": false, "divide_signed": true} {
		d := checked(t)
		quotient, remainder := alloc(t, d, 16*n), alloc(t, d, 16*n)
		_, err := d.Launch(kernelOf(t, d, divisionPTX, kernel), linear(n/128), linear(128), 0, pack(upload(t, d, a), upload(t, d, b), quotient, remainder))
		require.NoError(t, err)
		q, m := make([][2]uint64, n), make([][2]uint64, n)
		download(t, d, quotient, q)
		download(t, d, remainder, m)
		require.EqualValues(t, 3005276246, q[0][0])
		for i := range a {
			wantQ, wantM := new(big.Int).QuoRem(number(a[i], signed), number(b[i], signed), new(big.Int))
			require.Equal(t, wantQ.String(), number(q[i], signed).String(), "%s: %x / %x", kernel, a[i], b[i])
			require.Equal(t, wantM.String(), number(m[i], signed).String(), "%s: %x %% %x", kernel, a[i], b[i])
		}
	}
}
