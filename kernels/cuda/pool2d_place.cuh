// The place in a window from which a pool took its maximum or minimum, r · S + s, as it is kept: in a byte if no op but those of this engine reads it.
// Blocks: any.
// Macros: BYTES.
// Sums: none.
#if BYTES
typedef unsigned char Place;
#else
typedef int Place;
#endif
