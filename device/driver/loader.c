//go:build cuda && cgo

#define _GNU_SOURCE
#include "loader.h"
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void driver_lazy(void);

HIDDEN void *driver_table[] = {
#define X(name) (void *)driver_lazy,
#include "functions.h"
#undef X
};

static const char *const names[] = {
#define X(name) #name,
#include "functions.h"
#undef X
};

enum { functions = sizeof names / sizeof *names };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int filled;
static CUresult status;
static void *library;
static char problem[512], path[4096];

static CUresult not_supported(void) { return CUDA_ERROR_NOT_SUPPORTED; }
static CUresult no_driver(void) { return status; }

static void fill(void *function) {
	for (int i = 0; i < functions; i++) driver_table[i] = function;
}

int driver_set(const char *name, void *function) {
	for (int i = 0; i < functions; i++)
		if (!strcmp(names[i], name)) {
			driver_table[i] = function;
			return 1;
		}
	return 0;
}

/* Where the loader's own path does not lead to the driver: WSL 2, NVIDIA's container hosts, NixOS. */
static const char *const files[] = {
	"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "/run/opengl-driver/lib/libcuda.so.1",
};

static void *open_library(void) {
	const char *chosen = getenv("CNN_GPU_LIBCUDA");
	if (chosen && *chosen) {
		void *handle = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
		if (!handle) snprintf(problem, sizeof problem, "%s", dlerror());
		return handle;
	}
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		void *handle = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
		if (handle) return handle;
		if (i == 0) snprintf(problem, sizeof problem, "%s", dlerror());
	}
	return NULL;
}

static CUresult load(void) {
	library = open_library();
	if (!library) return CUDA_ERROR_NO_DEVICE;
	problem[0] = 0;
	struct link_map *map;
	if (!dlinfo(library, RTLD_DI_LINKMAP, &map)) snprintf(path, sizeof path, "%s", map->l_name);
	CUresult (*init)(unsigned) = (CUresult(*)(unsigned))dlsym(library, "cuInit");
	if (init) return init(0);
	snprintf(problem, sizeof problem, "%s has no cuInit, so it is not the CUDA driver", path);
	return CUDA_ERROR_NOT_FOUND;
}

CUresult driver_load(void) {
	pthread_mutex_lock(&lock);
	if (!filled) {
		filled = 1;
		status = load();
		if (status) {
			fill((void *)no_driver);
			/* Some answer all the same. */
			static const char *const answering[] = {"cuDriverGetVersion", "cuGetErrorName", "cuGetErrorString"};
			for (int i = 0; library && i < 3; i++) {
				void *function = dlsym(library, answering[i]);
				if (function) driver_set(answering[i], function);
			}
		} else {
			for (int i = 0; i < functions; i++) {
				void *function = dlsym(library, names[i]);
				driver_table[i] = function ? function : (void *)not_supported;
			}
		}
	}
	pthread_mutex_unlock(&lock);
	return status;
}

void driver_begin(void) {
	pthread_mutex_lock(&lock);
	fill((void *)not_supported);
	filled = 1;
	status = CUDA_SUCCESS;
	problem[0] = path[0] = 0;
	pthread_mutex_unlock(&lock);
}

const char *driver_problem(void) { return problem; }
const char *driver_path(void) { return path; }

/* cu calls cuInit while the program starts and ends it on any error; so this one only says yes, and the driver is opened when
 * it is needed. */
HIDDEN CUresult cuInit(unsigned flags) {
	(void)flags;
	return CUDA_SUCCESS;
}
