/* A libcuda for the tests of the loader: it says what it was called with. */
#include <cuda.h>
#include <stdio.h>

static int starts;

CUresult cuInit(unsigned flags) {
	const char *answer = getenv("FAKE_INIT");
	starts++;
	(void)flags;
	return answer ? atoi(answer) : 0;
}

CUresult cuDriverGetVersion(int *version) {
	*version = 12040;
	return 0;
}

CUresult cuGetErrorString(CUresult r, const char **text) {
	*text = r == 803 ? "module and library differ" : NULL;
	return *text ? 0 : 1;
}

CUresult cuDeviceGetCount(int *count) {
	*count = starts; /* how often the loader started it */
	return 0;
}

CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
	CUstream stream, void **params, void **extra) {
	printf("launch %d: %u %u %u, %u %u %u, %u, %d, %llx %llx, %d\n", f != NULL, gx, gy, gz, bx, by, bz, shared, stream != NULL,
		*(unsigned long long *)params[0], *(unsigned long long *)params[1], extra != NULL);
	fflush(stdout);
	return 0;
}

CUresult cuTexRefSetMipmapLevelClamp(CUtexref texture, float low, float high) {
	printf("clamp %d: %g %g\n", texture != NULL, low, high);
	fflush(stdout);
	return 0;
}
