// The clock, sleeping and random numbers: all that a program may see differently from run to run.
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void) {
  printf("date %lld\n", (long long)time(NULL));
  long long before = now(CLOCK_MONOTONIC);
  struct timespec nap = {2, 500};
  nanosleep(&nap, NULL);
  printf("slept %lld\n", now(CLOCK_MONOTONIC) - before);
  printf("realtime - monotonic %lld\n", now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC));
  struct pollfd fds[2] = {{0, POLLIN, 0}, {1, POLLOUT, 0}};
  int ready = poll(fds, 2, 1000);
  printf("ready %d %d %d\n", ready, fds[0].revents, fds[1].revents);
  uint8_t bytes[10];
  getentropy(bytes, sizeof bytes);
  for (int i = 0; i < 10; i++) printf("%02x", bytes[i]);
  printf("\n");
  return 0;
}
