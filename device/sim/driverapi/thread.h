#include <stdint.h>

/* Each thread has a stack of contexts; the top one is current. */
uintptr_t thread_current(void);
int thread_push(uintptr_t context); /* 0 if the stack is full */
uintptr_t thread_pop(void);         /* 0 if it is empty */

/* thread_id tells living threads apart. */
uintptr_t thread_id(void);
