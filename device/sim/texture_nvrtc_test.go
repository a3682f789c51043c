package sim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// texturesSource reads and writes one object of 4 x 4 texels of two floats in every way that CUDA C++ has for two dimensions.
const texturesSource = `
extern "C" __global__ void textures(cudaTextureObject_t x, cudaSurfaceObject_t s, float* out) {
  float2 v = tex2D<float2>(x, 1.5f, 2.5f);
  float4 g = tex2Dgather<float4>(x, 1.f, 2.f, 1);
  float2 r;
  surf2Dread(&r, s, 8 * 3, 1);
  float2 none;
  surf2Dread(&none, s, 8 * 4, 1, cudaBoundaryModeZero);
  short half = surf2Dread<short>(s, 2, 0, cudaBoundaryModeClamp);
  surf2Dwrite(make_float2(-1.f, -2.f), s, 8 * 2, 3);
  surf2Dwrite(-3.f, s, 4 * 9, 3, cudaBoundaryModeZero);
  float all[] = {v.x, v.y, g.x, g.y, g.z, g.w, r.x, r.y, none.x, none.y, (float)half};
  for (int i = 0; i < 11; i++) out[i] = all[i];
}`

// TestTexturesOfCUDA runs what NVRTC makes of the functions of CUDA C++.
func TestTexturesOfCUDA(t *testing.T) {
	text := compile(t, compiler(t), "textures.cu", texturesSource, "--gpu-architecture=compute_80")
	d := checked(t)
	values := make([]float32, 32)
	for i := range values {
		values[i] = float32(i)
	}
	memory, out := upload(t, d, values), alloc(t, d, 44)
	handle, err := d.NewTexture(sim.Texture{Ptr: memory, Format: "f32", Channels: 2, Width: 4, Height: 4})
	require.NoError(t, err)
	_, err = d.Launch(kernelOf(t, d, text, "textures"), linear(1), linear(1), 0, pack(handle, handle, out))
	require.NoError(t, err)
	got := make([]float32, 11)
	download(t, d, out, got)
	// texel (x, y) has 8y+2x and one more; the gather is of (0,2), (1,2), (1,1), (0,1)
	assert.Equal(t, []float32{18, 19, 17, 19, 11, 9, 14, 15, 0, 0, 0}, got)
	download(t, d, memory, values)
	assert.Equal(t, []float32{24, 25, 26, 27, -1, -2, 30, 31}, values[24:])
}
