//go:build cuda && cgo

#define _GNU_SOURCE
#include "library.h"
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	size_t offset;
	const char *name;
} table[] = {
	{offsetof(nvrtc_functions, version), "nvrtcVersion"},
	{offsetof(nvrtc_functions, architecture_count), "nvrtcGetNumSupportedArchs"},
	{offsetof(nvrtc_functions, architectures), "nvrtcGetSupportedArchs"},
	{offsetof(nvrtc_functions, error), "nvrtcGetErrorString"},
	{offsetof(nvrtc_functions, create), "nvrtcCreateProgram"},
	{offsetof(nvrtc_functions, destroy), "nvrtcDestroyProgram"},
	{offsetof(nvrtc_functions, add_name), "nvrtcAddNameExpression"},
	{offsetof(nvrtc_functions, compile), "nvrtcCompileProgram"},
	{offsetof(nvrtc_functions, lowered_name), "nvrtcGetLoweredName"},
	{offsetof(nvrtc_functions, log_size), "nvrtcGetProgramLogSize"},
	{offsetof(nvrtc_functions, log), "nvrtcGetProgramLog"},
	{offsetof(nvrtc_functions, cubin_size), "nvrtcGetCUBINSize"},
	{offsetof(nvrtc_functions, cubin), "nvrtcGetCUBIN"},
	{offsetof(nvrtc_functions, ptx_size), "nvrtcGetPTXSize"},
	{offsetof(nvrtc_functions, ptx), "nvrtcGetPTX"},
};

int nvrtc_load(const char *file, const char *builtins, nvrtc_functions *f, char *path, char *problem, size_t size) {
	/* NVRTC opens its builtins by their bare name, which finds what is loaded already. */
	void *second = builtins ? dlopen(builtins, RTLD_NOW) : NULL;
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		snprintf(problem, size, "%s", dlerror());
		goto fail;
	}
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		void *function = dlsym(library, table[i].name);
		if (!function) {
			snprintf(problem, size, "%s has no %s: NVRTC 11.2 or later is needed", file, table[i].name);
			goto fail;
		}
		*(void **)((char *)f + table[i].offset) = function;
	}
	struct link_map *map;
	snprintf(path, size, "%s", dlinfo(library, RTLD_DI_LINKMAP, &map) ? file : map->l_name);
	return 1;
fail:
	if (library) dlclose(library);
	if (second) dlclose(second);
	return 0;
}

int nvrtc_run(const nvrtc_functions *f, const char *name, const char *text, int headers, char **header_texts, char **header_names,
	int names, char **name_expressions, int options, char **option, nvrtc_code *code) {
	void *program;
	int result = f->create(&program, text, name, headers, (const char *const *)header_texts, (const char *const *)header_names);
	if (result) return result;
	for (int i = 0; i < names && !result; i++) result = f->add_name(program, name_expressions[i]);
	if (!result) result = f->compile(program, options, (const char *const *)option);
	if (!f->log_size(program, &code->log_size) && code->log_size && (code->log = calloc(1, code->log_size)))
		f->log(program, code->log);
	if (!result) {
		size_t *size = &code->image_size;
		result = f->cubin_size(program, size);
		code->ptx = !result && !*size; /* a virtual architecture has no cubin */
		if (code->ptx) result = f->ptx_size(program, size);
		if (!result && (code->image = malloc(*size ? *size : 1))) result = (code->ptx ? f->ptx : f->cubin)(program, code->image);
		size = &code->text_size;
		if (!result && !code->ptx && !f->ptx_size(program, size) && (code->text = malloc(*size ? *size : 1)))
			result = f->ptx(program, code->text);
	}
	if (!result && names && (code->lowered = calloc(names, sizeof *code->lowered)))
		for (int i = 0; i < names && !result; i++) {
			const char *lowered; /* the program's */
			result = f->lowered_name(program, name_expressions[i], &lowered);
			if (!result) code->lowered[i] = strdup(lowered);
		}
	f->destroy(&program);
	return result;
}

int nvrtc_call_version(const nvrtc_functions *f, int *major, int *minor) { return f->version(major, minor); }

int nvrtc_call_architectures(const nvrtc_functions *f, int *list, int capacity) {
	int n = 0;
	if (f->architecture_count(&n) || n > capacity || f->architectures(list)) return 0;
	return n;
}

const char *nvrtc_call_error(const nvrtc_functions *f, int result) { return f->error(result); }
