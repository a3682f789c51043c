//go:build cuda && cgo

#include "thread.h"

static __thread struct {
	uintptr_t contexts[64];
	int depth;
} thread;

uintptr_t thread_current(void) { return thread.depth ? thread.contexts[thread.depth - 1] : 0; }

int thread_push(uintptr_t context) {
	if (thread.depth == sizeof thread.contexts / sizeof *thread.contexts) return 0;
	thread.contexts[thread.depth++] = context;
	return 1;
}

uintptr_t thread_pop(void) { return thread.depth ? thread.contexts[--thread.depth] : 0; }

uintptr_t thread_id(void) { return (uintptr_t)&thread; }
