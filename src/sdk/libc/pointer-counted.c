/*
 * Linked in (with --wrap) for programs that allocate an array of T and count it in sizeof(T *): right by chance where
 * pointers have 8 bytes, half too small here, where they have 4. Every allocation gets twice what was asked for. The room
 * that is never written costs nothing but addresses.
 */
#include <stddef.h>
#include <stdint.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);

static size_t twice(size_t bytes) { return bytes > SIZE_MAX / 2 ? SIZE_MAX : 2 * bytes; }

void *__wrap_malloc(size_t bytes) { return __real_malloc(twice(bytes)); }
void *__wrap_calloc(size_t count, size_t bytes) { return __real_calloc(count, twice(bytes)); }
void *__wrap_realloc(void *old, size_t bytes) { return __real_realloc(old, twice(bytes)); }
