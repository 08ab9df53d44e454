/*
 * A cache that forgets what was used longest ago. Every access, even one that only reads, moves its entry to the front
 * of a list: a few links of four bytes, each in another entry, each likely on another page. Many pages get dirty, and
 * hardly anything on them has changed: whoever copies pages copies a hundred times what was written.
 *
 *   lru [entries, 32768 unless given]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <veloc.h>

#define ACCESSES 3000000
#define CHECKPOINTS 10
#define NONE UINT32_MAX

typedef struct {
  uint32_t key;
  uint32_t newer, older; /* the list by last use; entries are named by their index, never by their address */
  uint32_t chain;        /* the next entry in the same bucket */
  uint32_t hits;
  uint32_t value[11]; /* makes an entry 64 bytes */
} entry;

/* The counters, apart from the two big arrays, in one region. */
static struct {
  uint32_t newest, oldest, used;
  uint32_t done; /* accesses so far */
  uint64_t random;
  uint64_t hits, misses;
} cache;
static uint32_t capacity, bucket_count;
static entry *entries;
static uint32_t *buckets;

static uint64_t next_random(void) {
  cache.random ^= cache.random << 13;
  cache.random ^= cache.random >> 7;
  cache.random ^= cache.random << 17;
  return cache.random;
}

/* Some keys are asked for much more often than others, as in real caches. */
static uint32_t next_key(void) {
  uint64_t r = next_random();
  uint32_t range = capacity * 4;
  for (uint32_t skew = (uint32_t)(r >> 32) & 7; skew > 0 && range > 64; skew--) range /= 2;
  return (uint32_t)(r % range);
}

static uint32_t *bucket_of(uint32_t key) { return &buckets[(key * 2654435761u) % bucket_count]; }

static void unlink_entry(uint32_t index) {
  entry *e = &entries[index];
  if (e->newer == NONE) cache.newest = e->older;
  else entries[e->newer].older = e->older;
  if (e->older == NONE) cache.oldest = e->newer;
  else entries[e->older].newer = e->newer;
}

static void push_newest(uint32_t index) {
  entries[index].newer = NONE;
  entries[index].older = cache.newest;
  if (cache.newest != NONE) entries[cache.newest].newer = index;
  else cache.oldest = index;
  cache.newest = index;
}

/* Frees the entry that was used longest ago, and returns it. */
static uint32_t evict(void) {
  uint32_t index = cache.oldest;
  uint32_t *link = bucket_of(entries[index].key);
  while (*link != index) link = &entries[*link].chain;
  *link = entries[index].chain;
  unlink_entry(index);
  return index;
}

static void touch_key(uint32_t key) {
  uint32_t *bucket = bucket_of(key);
  uint32_t index = *bucket;
  while (index != NONE && entries[index].key != key) index = entries[index].chain;
  if (index != NONE) {
    cache.hits++;
    entries[index].hits++;
    if (cache.newest == index) return;
    unlink_entry(index);
  } else {
    cache.misses++;
    index = cache.used < capacity ? cache.used++ : evict();
    entry *e = &entries[index];
    e->key = key;
    e->hits = 0;
    for (int i = 0; i < 11; i++) e->value[i] = key * 31u + (uint32_t)i;
    e->chain = *bucket;
    *bucket = index;
  }
  push_newest(index);
}

static uint64_t checksum(uint64_t hash, const void *data, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3;
  return hash;
}

int main(int argc, char **argv) {
  capacity = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 32768;
  if (capacity < 2 || capacity > 4000000) return fprintf(stderr, "the cache must have 2 to 4000000 entries\n"), 2;
  bucket_count = 2 * capacity;
  entries = calloc(capacity, sizeof(entry));
  buckets = malloc(bucket_count * sizeof(uint32_t));
  if (entries == NULL || buckets == NULL) return fprintf(stderr, "out of memory\n"), 1;

  /* `capacity` and `bucket_count` follow from the arguments, which a restart gets again: no need to protect them. */
  if (VELOC_Init_single(0, "lru.cfg") != VELOC_SUCCESS) return 1;
  VELOC_Mem_protect(0, &cache, 1, sizeof cache);
  VELOC_Mem_protect(1, entries, capacity, sizeof(entry));
  VELOC_Mem_protect(2, buckets, bucket_count, sizeof(uint32_t));
  VELOC_Mem_name(0, "cache");
  VELOC_Mem_name(1, "entries");
  VELOC_Mem_name(2, "buckets");

  int version = VELOC_Restart_test("lru", 0);
  if (version > 0) {
    if (VELOC_Restart("lru", version) != VELOC_SUCCESS) return 1;
  } else {
    cache.newest = cache.oldest = NONE;
    cache.random = 0x2545f4914f6cdd1d;
    for (uint32_t i = 0; i < bucket_count; i++) buckets[i] = NONE;
  }

  while (cache.done < ACCESSES) {
    touch_key(next_key());
    cache.done++;
    if (cache.done % (ACCESSES / CHECKPOINTS) == 0) {
      if (VELOC_Checkpoint("lru", (int)(cache.done / (ACCESSES / CHECKPOINTS))) != VELOC_SUCCESS) return 1;
    }
  }

  VELOC_Finalize(1);
  uint64_t hash = checksum(0xcbf29ce484222325, entries, capacity * sizeof(entry));
  hash = checksum(hash, buckets, bucket_count * sizeof(uint32_t));
  printf("%u accesses, %llu hits, %llu misses, checksum %016llx\n", cache.done, (unsigned long long)cache.hits,
         (unsigned long long)cache.misses, (unsigned long long)hash);
  return 0;
}
