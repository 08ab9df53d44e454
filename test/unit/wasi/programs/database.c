// Pages of a 12 MiB file written and read in random order, as a database does, with a journal that comes and goes.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 3072, ROUNDS = 6000 };

int main(void) {
  static uint8_t page[PAGE];
  uint32_t random = 12345, sum = 0;
  int fd = open("/data/base.db", O_RDWR | O_CREAT, 0644);
  for (int round = 0; round < ROUNDS; round++) {
    random = random * 1664525 + 1013904223;
    off_t at = (off_t)(random >> 8) % PAGES * PAGE;
    memset(page, 0, PAGE);
    long n = pread(fd, page, PAGE, at);
    for (long i = 0; i < n; i += 64) sum = sum * 31 + page[i] + (uint32_t)n;
    if (round % 3 == 0) {
      int journal = open("/data/base.db-journal", O_RDWR | O_CREAT | O_EXCL, 0644);
      write(journal, page, PAGE);
      fsync(journal);
      close(journal);
    }
    for (int i = 0; i < PAGE; i++) page[i] = (uint8_t)(random >> (i % 24)) + i;
    pwrite(fd, page, PAGE, at);
    if (round % 3 == 0) unlink("/data/base.db-journal");
    if (round % 1000 == 999) ftruncate(fd, (off_t)(PAGES - round / 10) * PAGE + 123);
  }
  struct stat s;
  fstat(fd, &s);
  printf("%u %lld\n", sum, (long long)s.st_size);
  close(fd);
  return 0;
}
