/* The table of driver functions that the trampolines jump through. */
#include <cuda.h>

/* driver_load fills the table from libcuda unless it was filled before, and gives cuInit's answer. */
CUresult driver_load(void);
/* driver_set puts one function of another implementation into the table; 0 if the name is not in it. */
int driver_set(const char *name, void *function);
/* driver_begin empties the table for an implementation other than libcuda: what it does not set is not supported. */
void driver_begin(void);
/* driver_problem is dlopen's message where libcuda was not found, else empty; driver_path is the library's file. */
const char *driver_problem(void);
const char *driver_path(void);
