/* zlib at work: compresses and restores texts of several kinds, at every level and in small pieces, and checks them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BYTES 120000

static unsigned long long state = 88172645463325252ull;
static unsigned next_random(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (unsigned)(state >> 11);
}

/* Kinds: words, noise, runs. */
static void fill(unsigned char *text, int kind) {
  static const char *const words[] = {"page ", "dirty ", "checkpoint ", "restart ", "hypervisor ", "the ", "of "};
  for (int at = 0; at < BYTES;) {
    if (kind == 0) {
      const char *word = words[next_random() % 7];
      for (int i = 0; word[i] && at < BYTES; i++) text[at++] = (unsigned char)word[i];
    } else if (kind == 1) {
      text[at++] = (unsigned char)next_random();
    } else {
      int length = 1 + (int)(next_random() % 400), byte = (int)(next_random() % 3);
      for (; length > 0 && at < BYTES; length--) text[at++] = (unsigned char)byte;
    }
  }
}

/* Through the streaming interface, a few bytes at a time. */
static int by_pieces(const unsigned char *text, unsigned char *packed, unsigned char *back, int level, int strategy) {
  z_stream out = {0}, in = {0};
  if (deflateInit2(&out, level, Z_DEFLATED, 15 + 16, 8, strategy) != Z_OK) return -1;
  out.next_out = packed, out.avail_out = 2 * BYTES;
  for (int at = 0; at < BYTES; at += 777) {
    out.next_in = (unsigned char *)text + at;
    out.avail_in = at + 777 < BYTES ? 777 : BYTES - at;
    deflate(&out, at + 777 < BYTES ? (at % 5 ? Z_NO_FLUSH : Z_SYNC_FLUSH) : Z_FINISH);
  }
  int size = (int)out.total_out;
  deflateEnd(&out);
  if (inflateInit2(&in, 15 + 32) != Z_OK) return -1;
  in.next_out = back, in.avail_out = BYTES;
  for (int at = 0, result = Z_OK; result == Z_OK && at < size; at += 501) {
    in.next_in = packed + at, in.avail_in = at + 501 < size ? 501 : (unsigned)(size - at);
    result = inflate(&in, Z_NO_FLUSH);
  }
  int same = in.total_out == BYTES && memcmp(text, back, BYTES) == 0;
  inflateEnd(&in);
  return same ? size : -1;
}

int main(void) {
  unsigned char *text = malloc(BYTES), *packed = malloc(2 * BYTES), *back = malloc(BYTES);
  for (int kind = 0; kind < 3; kind++) {
    fill(text, kind);
    for (int level = 0; level <= 9; level++) {
      uLongf packed_size = 2 * BYTES, size = BYTES;
      if (compress2(packed, &packed_size, text, BYTES, level) != Z_OK) return printf("compress2 failed\n"), 1;
      unsigned long adler = adler32(1, packed, (uInt)packed_size);
      if (uncompress(back, &size, packed, packed_size) != Z_OK || memcmp(text, back, BYTES)) return printf("lost\n"), 1;
      int pieces = by_pieces(text, packed, back, level, level % 4);
      if (pieces < 0) return printf("lost in pieces\n"), 1;
      printf("kind %d level %d: %lu bytes %08lx, in pieces %d\n", kind, level, packed_size, adler, pieces);
    }
  }
  gzFile file = gzopen("/data/text.gz", "wb6");
  if (file == NULL || gzwrite(file, text, BYTES) != BYTES || gzclose(file) != Z_OK) return printf("no file\n"), 1;
  memset(back, 0, BYTES);
  file = gzopen("/data/text.gz", "rb");
  int got = gzread(file, back, BYTES);
  gzclose(file);
  printf("%s: crc %08lx %s\n", zlibVersion(), crc32(0, back, (uInt)got), memcmp(text, back, BYTES) ? "lost" : "kept");
  return 0;
}
