#include <stddef.h>

/* The functions of one NVRTC library. Their results are nvrtcResult, 0 for success. */
typedef struct {
	int (*version)(int *, int *);
	int (*architecture_count)(int *);
	int (*architectures)(int *);
	const char *(*error)(int);
	int (*create)(void **, const char *, const char *, int, const char *const *, const char *const *);
	int (*destroy)(void **);
	int (*add_name)(void *, const char *);
	int (*compile)(void *, int, const char *const *);
	int (*lowered_name)(void *, const char *, const char **);
	int (*log_size)(void *, size_t *);
	int (*log)(void *, char *);
	int (*cubin_size)(void *, size_t *);
	int (*cubin)(void *, char *);
	int (*ptx_size)(void *, size_t *);
	int (*ptx)(void *, char *);
} nvrtc_functions;

typedef struct {
	char *image, *text, *log; /* a cubin or PTX; the PTX that a cubin was made from */
	size_t image_size, text_size, log_size;
	char **lowered; /* the linker's names of the expressions, or NULL */
	int ptx; /* the image is PTX, not a cubin */
} nvrtc_code;

/* nvrtc_load opens a library, its builtins first unless their name is NULL, and fills in its functions. The message of a
 * failure goes into problem. 1 for success. */
int nvrtc_load(const char *file, const char *builtins, nvrtc_functions *f, char *path, char *problem, size_t size);

/* nvrtc_run compiles, with the templates that the names instantiate. The image, the text, the log and the lowered names are allocated, also where it
 * fails, and the caller's to free. */
int nvrtc_run(const nvrtc_functions *f, const char *name, const char *text, int headers, char **header_texts, char **header_names,
	int names, char **name_expressions, int options, char **option, nvrtc_code *code);

int nvrtc_call_version(const nvrtc_functions *f, int *major, int *minor);
int nvrtc_call_architectures(const nvrtc_functions *f, int *list, int capacity);
const char *nvrtc_call_error(const nvrtc_functions *f, int result);
