/*
 * Linked in (with --wrap) for programs that allocate an array of T and count it in sizeof(T *): right by chance where
 * pointers have 8 bytes, half too small here, where they have 4. Every allocation gets twice what was asked for, or just
 * that where there is no room for twice as much. malloc's spare room costs nothing but addresses while it is not written;
 * calloc clears all of it, and realloc keeps all of it, because the program may count on both.
 *
 * operator new, strdup and the like come here too: they call these functions.
 */
#include <stddef.h>
#include <stdint.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
int __real_posix_memalign(void **result, size_t alignment, size_t bytes);

static size_t twice(size_t bytes) { return bytes > SIZE_MAX / 2 ? SIZE_MAX : 2 * bytes; }

void *__wrap_malloc(size_t bytes) {
  void *block = __real_malloc(twice(bytes));
  return block != NULL ? block : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
  void *block = __real_calloc(count, twice(bytes));
  return block != NULL ? block : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes) {
  void *block = __real_realloc(old, twice(bytes));
  /* Of 0 bytes, realloc may have freed the old block and returned nothing. */
  return block != NULL || bytes == 0 ? block : __real_realloc(old, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
  void *block = __real_aligned_alloc(alignment, twice(bytes));
  return block != NULL ? block : __real_aligned_alloc(alignment, bytes);
}

int __wrap_posix_memalign(void **result, size_t alignment, size_t bytes) {
  int error = __real_posix_memalign(result, alignment, twice(bytes));
  return error == 0 ? 0 : __real_posix_memalign(result, alignment, bytes);
}
