/*
 * Measures what checkpoints are made of, on Linux on x86-64. Each round runs every operation once, so that a disturbance
 * meets all of them. Prints lines:
 *   sample NAME TICKS      ticks of the time-stamp counter for one unit
 *   disturbed NAME TICKS   the same, but another process took the processor meanwhile
 *   skip NAME REASON       what this machine cannot do
 *   tsc TICKS_PER_NS       at the end
 * Its operations are those of the simulator's measured cases: the same mappings, the same order, the same handlers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#if __has_include(<linux/userfaultfd.h>)
#include <linux/userfaultfd.h>
#endif

#define PAGE 4096UL
#define GUARD 16
#define REGION 512
#define FAULTS 256
#define MOST 4096
#define BIG (64UL << 20)
#define SLICE (4UL << 20)

static char *region, *volatile lastFault;

static uint64_t now(void) {
  _mm_lfence();
  uint64_t ticks = __rdtsc();
  _mm_lfence();
  return ticks;
}

/* Times that this thread lost the processor; -1 where that is part of what is measured. */
static long lostBefore = -1;

static long lost(void) {
  struct rusage usage;
  return getrusage(RUSAGE_THREAD, &usage) ? -1 : usage.ru_nivcsw;
}

/* Starts to measure something that no other process should disturb. */
static uint64_t begin(void) {
  lostBefore = lost();
  return now();
}

static void sample(const char *name, uint64_t ticks, double units) {
  int disturbed = lostBefore >= 0 && lost() != lostBefore;
  printf("%s %s %.4f\n", disturbed ? "disturbed" : "sample", name, ticks / units);
}
static void skip(const char *name, const char *reason) { printf("skip %s %s\n", name, reason); }

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

/* A child that ends with this process, however it ends. */
static pid_t startChild(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  return child;
}

static char *map(size_t pages) {
  char *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) fail("mmap");
  madvise(at, pages * PAGE, MADV_NOHUGEPAGE);
  return at;
}

/* A region in the middle of a mapping, all of it resident. */
static char *mapRegion(size_t pages) {
  char *at = map(pages + 2 * GUARD);
  for (size_t i = 0; i < pages + 2 * GUARD; i++) at[i * PAGE] = 1;
  return at + GUARD * PAGE;
}

static void protect(char *at, size_t pages, int rights) {
  if (mprotect(at, pages * PAGE, rights)) fail("mprotect");
}

static void dirty(char *at, size_t pages) {
  for (size_t i = 0; i < pages; i++) ((volatile char *)at)[i * PAGE] = 1;
}

static void onSegv(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));
  lastFault = page;
  if (mprotect(page, PAGE, PROT_READ | PROT_WRITE)) _exit(3);
}

static void onUser(int signal) { (void)signal; }

static void handle(int signal, void (*action)(int, siginfo_t *, void *)) {
  struct sigaction how = {.sa_sigaction = action, .sa_flags = SA_SIGINFO};
  sigaction(signal, &how, 0);
}

/* System calls, signals, mprotect, faults */

static void nullCall(void) {
  uint64_t start = begin();
  for (int i = 0; i < 5000; i++) syscall(SYS_getpid);
  sample("null_call", now() - start, 5000);
}

static void sendSignal(void) {
  pid_t process = getpid();
  uint64_t start = begin();
  for (int i = 0; i < 200; i++) syscall(SYS_tgkill, process, process, SIGUSR1);
  sample("signal", now() - start, 200);
}

static void changeProtection(size_t pages, int repetitions) {
  uint64_t closing = 0, opening = 0;
  int kept = 0;
  char name[40];
  for (int i = 0; i < repetitions; i++) {
    dirty(region, pages);
    uint64_t a = begin();
    protect(region, pages, PROT_READ);
    uint64_t b = now();
    protect(region, pages, PROT_READ | PROT_WRITE);
    uint64_t c = now();
    /* Undisturbed pairs count; the last one does when there is no other. */
    if (lost() != lostBefore && (kept || i < repetitions - 1)) continue;
    closing += b - a, opening += c - b, kept++;
  }
  if (kept > 1) begin();
  snprintf(name, sizeof name, "mprotect_close_%zu", pages);
  sample(name, closing, kept);
  snprintf(name, sizeof name, "mprotect_open_%zu", pages);
  sample(name, opening, kept);
}

static void protectionFault(const char *name, int stride) {
  static char *own;
  if (!own) own = mapRegion(REGION);
  protect(own, REGION, PROT_READ | PROT_WRITE);
  dirty(own, REGION);
  protect(own, REGION, PROT_READ);
  uint64_t start = begin();
  for (int i = 0; i < FAULTS; i++) ((volatile char *)own)[i * stride * PAGE] = 1;
  sample(name, now() - start, FAULTS);
}

static void touch(void) {
  size_t pages = FAULTS + 2 * GUARD;
  char *fresh = map(pages);
  volatile char *at = fresh + GUARD * PAGE;
  fresh[0] = fresh[(pages - 1) * PAGE] = at[-1] = 1;
  uint64_t start = begin();
  for (int i = 0; i < FAULTS; i++) at[i * PAGE] = 1;
  sample("first_touch", now() - start, FAULTS);
  munmap(fresh, pages * PAGE);

  fresh = map(pages);
  at = fresh + GUARD * PAGE;
  fresh[0] = fresh[(pages - 1) * PAGE] = at[-1] = 1;
  start = begin();
  for (int i = 0; i < FAULTS; i++) (void)at[i * PAGE];
  sample("first_read", now() - start, FAULTS);
  start = begin();
  for (int i = 0; i < FAULTS; i++) at[i * PAGE] = 1;
  sample("copy_on_write_zero", now() - start, FAULTS);

  /* A child that shares all pages and does nothing. */
  pid_t child = startChild();
  if (child == 0) {
    for (;;) pause();
  }
  fresh[0] = at[-1] = 1;
  start = begin();
  for (int i = 0; i < FAULTS; i++) at[i * PAGE] = 1;
  sample("copy_on_write_fork", now() - start, FAULTS);
  kill(child, SIGKILL);
  waitpid(child, 0, 0);
  munmap(fresh, pages * PAGE);
}

static void mapAndUnmap(void) {
  uint64_t start = begin();
  for (int i = 0; i < 100; i++) {
    void *at = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(at, 4 * PAGE);
  }
  sample("mmap_munmap", now() - start, 100);
}

/* userfaultfd */

#ifdef UFFDIO_WRITEPROTECT
static int busFd = -1;

static int writeProtect(int fd, char *at, size_t pages, int close) {
  struct uffdio_writeprotect how = {.range = {(uintptr_t)at, pages * PAGE},
                                    .mode = close ? UFFDIO_WRITEPROTECT_MODE_WP : 0};
  return ioctl(fd, UFFDIO_WRITEPROTECT, &how);
}

static void onBus(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  char *page = (char *)((uintptr_t)info->si_addr & ~(PAGE - 1));
  lastFault = page;
  if (writeProtect(busFd, page, 1, 0)) _exit(4);
}

static const char *openUserfaultfd(int *fd, char *at, size_t pages, uint64_t features) {
  *fd = syscall(SYS_userfaultfd, O_CLOEXEC);
#ifdef UFFD_USER_MODE_ONLY
  if (*fd < 0) *fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
#endif
  if (*fd < 0) return errno == ENOSYS ? "the kernel has no userfaultfd" : "userfaultfd is not allowed here";
  struct uffdio_api api = {.api = UFFD_API, .features = features | UFFD_FEATURE_PAGEFAULT_FLAG_WP};
  if (ioctl(*fd, UFFDIO_API, &api)) return "the kernel's userfaultfd has no write protection";
  struct uffdio_register how = {.range = {(uintptr_t)at, pages * PAGE}, .mode = UFFDIO_REGISTER_MODE_WP};
  if (ioctl(*fd, UFFDIO_REGISTER, &how)) return "the kernel does not register memory for write protection";
  return 0;
}

static void userfaultSigbus(void) {
  static char *own;
  static const char *reason;
  if (!own) {
    own = mapRegion(REGION);
    reason = openUserfaultfd(&busFd, own, REGION, UFFD_FEATURE_SIGBUS);
    if (!reason) handle(SIGBUS, onBus);
    if (reason) skip("uffd_wp_sigbus", reason), skip("uffd_wp_close_512", reason), skip("uffd_wp_open_512", reason);
  }
  if (reason) return;
  writeProtect(busFd, own, REGION, 0);
  dirty(own, REGION);
  uint64_t a = begin();
  writeProtect(busFd, own, REGION, 1);
  uint64_t b = now();
  writeProtect(busFd, own, REGION, 0);
  uint64_t c = now();
  sample("uffd_wp_close_512", b - a, 1);
  sample("uffd_wp_open_512", c - b, 1);
  dirty(own, REGION);
  writeProtect(busFd, own, REGION, 1);
  uint64_t start = begin();
  for (int i = 0; i < FAULTS; i++) ((volatile char *)own)[i * 2 * PAGE] = 1;
  sample("uffd_wp_sigbus", now() - start, FAULTS);
}

static int threadFd = -1;

static void *resolve(void *unused) {
  struct uffd_msg message;
  while (read(threadFd, &message, sizeof message) == sizeof message) {
    char *page = (char *)(uintptr_t)(message.arg.pagefault.address & ~(PAGE - 1));
    if (writeProtect(threadFd, page, 1, 0)) _exit(5);
  }
  return unused;
}

static void userfaultThread(void) {
  lostBefore = -1;
  static char *own;
  static const char *reason;
  if (!own) {
    own = mapRegion(REGION);
    reason = openUserfaultfd(&threadFd, own, REGION, 0);
    pthread_t thread;
    if (!reason && pthread_create(&thread, 0, resolve, 0)) reason = "no thread could be started";
    if (reason) skip("uffd_wp_thread", reason);
  }
  if (reason) return;
  writeProtect(threadFd, own, REGION, 0);
  dirty(own, REGION);
  writeProtect(threadFd, own, REGION, 1);
  uint64_t start = now();
  for (int i = 0; i < 64; i++) ((volatile char *)own)[i * 2 * PAGE] = 1;
  sample("uffd_wp_thread", now() - start, 64);
}
#else
static void userfaultSigbus(void) {
  static int said;
  if (!said++) skip("uffd_wp_sigbus", "the system's headers have no userfaultfd write protection");
}
static void userfaultThread(void) {
  lostBefore = -1;
  static int said;
  if (!said++) skip("uffd_wp_thread", "the system's headers have no userfaultfd write protection");
}
#endif

/* /proc: soft-dirty bits and pagemap */

static void softDirty(void) {
  static char *own;
  static uint64_t entries[MOST];
  static int clear = -1, pagemap = -1, state;
  if (!own) {
    own = mapRegion(MOST);
    clear = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0) skip("pagemap_4096", "/proc/self/pagemap cannot be read");
  }
  if (pagemap < 0) return;
  off_t offset = (uintptr_t)own / PAGE * 8;
  uint64_t start = begin();
  ssize_t got = pread(pagemap, entries, sizeof entries, offset);
  uint64_t ticks = now() - start;
  if (got == sizeof entries) sample("pagemap_4096", ticks, 1);
  if (state == 0) {
    /* A page that was not written since must have lost its bit 55, and one that was must have it. */
    state = -1;
    int cleared = clear >= 0 && write(clear, "4", 1) == 1;
    own[PAGE] = 2;
    got = pread(pagemap, entries, sizeof entries, offset);
    if (cleared && got == sizeof entries && !(entries[0] >> 55 & 1) && entries[1] >> 55 & 1) state = 1;
    if (state < 0) {
      const char *reason = "the kernel keeps no soft-dirty bits (CONFIG_MEM_SOFT_DIRTY)";
      skip("clear_refs_4096", reason), skip("soft_dirty_fault", reason);
    }
  }
  if (state < 0) return;
  dirty(own, MOST);
  start = begin();
  if (write(clear, "4", 1) != 1) fail("clear_refs");
  sample("clear_refs_4096", now() - start, 1);
  start = begin();
  dirty(own, REGION);
  sample("soft_dirty_fault", now() - start, REGION);
}

/* Bytes */

#define P1 11400714785074694791ULL
#define P2 14029467366897019727ULL
#define P3 1609587929392839161ULL
#define P4 9650029242287828579ULL
#define P5 2870177450012600261ULL

static uint64_t rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }
static uint64_t mix(uint64_t sum, uint64_t word) { return rotate(sum + word * P2, 31) * P1; }
static uint64_t join(uint64_t hash, uint64_t sum) { return (hash ^ mix(0, sum)) * P1 + P4; }

/* xxHash64 of a whole number of 32-byte stripes. */
static uint64_t hash(const char *at, size_t bytes) {
  uint64_t sums[4] = {P1 + P2, P2, 0, -P1}, words[4];
  for (size_t i = 0; i < bytes; i += 32) {
    memcpy(words, at + i, 32);
    for (int lane = 0; lane < 4; lane++) sums[lane] = mix(sums[lane], words[lane]);
  }
  uint64_t h = rotate(sums[0], 1) + rotate(sums[1], 7) + rotate(sums[2], 12) + rotate(sums[3], 18);
  for (int lane = 0; lane < 4; lane++) h = join(h, sums[lane]);
  h += bytes;
  h = (h ^ h >> 33) * P2;
  h = (h ^ h >> 29) * P3;
  return h ^ h >> 32;
}

static void *(*volatile copyBytes)(void *, const void *, size_t) = memcpy;
static int (*volatile compareBytes)(const void *, const void *, size_t) = memcmp;
static void *(*volatile setBytes)(void *, int, size_t) = memset;
static uint64_t (*volatile hashBytes)(const char *, size_t) = hash;
static volatile uint64_t sink;

static void bytes(void) {
  static char *from, *to;
  static size_t position;
  if (!from) {
    from = mmap(0, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    to = mmap(0, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (from == MAP_FAILED || to == MAP_FAILED) fail("mmap");
    memset(from, 1, BIG);
    memset(to, 1, BIG);
  }
  /* Cold: each operation has a part of the buffers to itself that nothing touched for 60 MiB or more. */
#define COLD(name, call)                                                       \
  do {                                                                         \
    uint64_t start = begin();                                                    \
    for (size_t i = 0; i < SLICE; i += PAGE) {                                 \
      char *a = to + position + i, *b = from + position + i;                   \
      call;                                                                    \
    }                                                                          \
    sample(name, now() - start, SLICE);                                        \
    position = (position + SLICE) % BIG;                                       \
  } while (0)
#define HOT(name, call)                                                        \
  do {                                                                         \
    char *a = to, *b = from;                                                   \
    call;                                                                      \
    uint64_t start = begin();                                                    \
    for (int i = 0; i < 500; i++) call;                                        \
    sample(name, now() - start, 500 * PAGE);                                   \
  } while (0)
  COLD("memcpy_cold", copyBytes(a, b, PAGE));
  COLD("compare_cold", sink = compareBytes(a, b, PAGE));
  COLD("hash_cold", ((void)a, sink = hashBytes(b, PAGE)));
  COLD("clear_cold", ((void)b, setBytes(a, 1, PAGE)));
  HOT("memcpy_hot", copyBytes(a, b, PAGE));
  HOT("compare_hot", sink = compareBytes(a, b, PAGE));
  HOT("hash_hot", ((void)a, sink = hashBytes(b, PAGE)));
  HOT("clear_hot", ((void)b, setBytes(a, 1, PAGE)));
}

/* 16 instructions a turn, as a handler or a scan has them: loads, a store, tests, arithmetic on addresses. */
static void userInstructions(void) {
  static uint64_t list[512], seen[512];
  uint64_t turns = 100000, at = 0, a, b, c;
  uint64_t start = begin();
  __asm__ volatile("1: mov (%[list],%[at],8), %[a]\n"
                   "lea 4096(%[a]), %[b]\n"
                   "and $-4096, %[b]\n"
                   "mov %[b], %[c]\n"
                   "sub %[a], %[c]\n"
                   "cmp $4096, %[c]\n"
                   "ja 2f\n"
                   "shr $12, %[b]\n"
                   "and $511, %[b]\n"
                   "mov %[b], (%[seen],%[at],8)\n"
                   "inc %[at]\n"
                   "and $511, %[at]\n"
                   "test %[a], %[a]\n"
                   "jne 2f\n"
                   "2: dec %[turns]\n"
                   "jne 1b\n"
                   : [turns] "+r"(turns), [at] "+r"(at), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c)
                   : [list] "r"(list), [seen] "r"(seen)
                   : "memory", "cc");
  sample("user_instruction", now() - start, 1600000);
}

/* Other processes: pipes and TCP on the loopback interface */

static void pingPong(void) {
  lostBefore = -1;
  static int toChild[2], toParent[2], own[2], child;
  char byte = 0;
  if (!child) {
    if (pipe(toChild) || pipe(toParent) || pipe(own)) fail("pipe");
    child = startChild();
    if (child == 0) {
      close(toChild[1]);
      while (read(toChild[0], &byte, 1) == 1 && write(toParent[1], &byte, 1) == 1) continue;
      _exit(0);
    }
    close(toChild[0]), close(toParent[1]);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(child, sizeof one, &one);
  }
  /* Both on one processor: each step is a switch. */
  cpu_set_t before, one;
  sched_getaffinity(0, sizeof before, &before);
  sched_getaffinity(child, sizeof one, &one);
  sched_setaffinity(0, sizeof one, &one);
  uint64_t start = now();
  for (int i = 0; i < 200; i++)
    if (write(toChild[1], &byte, 1) != 1 || read(toParent[0], &byte, 1) != 1) fail("pipe");
  uint64_t trip = now() - start;
  start = now();
  for (int i = 0; i < 200; i++)
    if (write(own[1], &byte, 1) != 1 || read(own[0], &byte, 1) != 1) fail("pipe");
  uint64_t calls = now() - start;
  sched_setaffinity(0, sizeof before, &before);
  sample("pipe_ping_pong", trip, 200);
  if (trip > 2 * calls) sample("context_switch", (trip - 2 * calls) / 2, 200);
}

static void wire(void) {
  lostBefore = -1;
  static int fd = -1, failed;
  static char block[65536];
  if (failed) return;
  if (fd < 0) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (listener < 0 || bind(listener, (void *)&address, length) || listen(listener, 1) ||
        getsockname(listener, (void *)&address, &length)) {
      failed = 1;
      skip("wire", "TCP on 127.0.0.1 cannot be used here");
      return;
    }
    if (startChild() == 0) {
      int peer = accept(listener, 0, 0);
      setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      /* A header says how many bytes follow; one byte goes back when all are here. */
      uint32_t bytes;
      while (recv(peer, &bytes, 4, MSG_WAITALL) == 4) {
        while (bytes > 0) {
          ssize_t got = read(peer, block, bytes < sizeof block ? bytes : sizeof block);
          if (got <= 0) _exit(0);
          bytes -= got;
        }
        if (write(peer, block, 1) != 1) break;
      }
      _exit(0);
    }
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (void *)&address, length)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    close(listener);
  }
  uint32_t none = 0, bytes = 4 << 20;
  char answer;
  uint64_t start = now();
  for (int i = 0; i < 50; i++)
    if (write(fd, &none, 4) != 4 || read(fd, &answer, 1) != 1) fail("TCP");
  sample("wire_round_trip", now() - start, 50);
  start = now();
  if (write(fd, &bytes, 4) != 4) fail("TCP");
  for (uint32_t sent = 0; sent < bytes;) {
    ssize_t put = write(fd, block, sizeof block);
    if (put <= 0) fail("TCP");
    sent += put;
  }
  if (read(fd, &answer, 1) != 1) fail("TCP");
  sample("wire_byte", now() - start, bytes);
}

/* Until the disk has what was written to a file in a folder: a page, and a few MiB. The file has no name any more. */
static void disk(const char *folder) {
  lostBefore = -1;
  static int fd = -1, failed;
  static char block[1 << 20];
  const int blocks = 8;
  if (failed) return;
  if (fd < 0) {
    char name[4096];
    struct statfs about;
    const char *reason = 0;
    snprintf(name, sizeof name, "%s/.checkpoint-lens-XXXXXX", folder);
    if (statfs(folder, &about) == 0 && (about.f_type == 0x01021994 || about.f_type == 0x858458f6))
      reason = "the folder of the profile is in memory";
    else if ((fd = mkstemp(name)) < 0) reason = "no file can be made in the folder of the profile";
    else unlink(name);
    if (reason) {
      failed = 1;
      skip("disk_flush", reason), skip("disk_byte", reason);
      return;
    }
    memset(block, 0x5a, sizeof block);
  }
  /* As an image's header is: over what is there, so that nothing but the data changes. */
  uint64_t flush = 0;
  for (int i = 0; i < 3; i++) {
    block[0]++;
    uint64_t start = now();
    if (pwrite(fd, block, PAGE, 0) != (ssize_t)PAGE || fdatasync(fd)) fail("write to the disk");
    if (i > 0) flush += now() - start;
  }
  sample("disk_flush", flush, 2);
  uint64_t start = now();
  for (int i = 0; i < blocks; i++)
    if (pwrite(fd, block, sizeof block, (off_t)i * sizeof block) != (ssize_t)sizeof block) fail("write to the disk");
  if (fdatasync(fd)) fail("fdatasync");
  uint64_t all = now() - start;
  if (2 * all > flush) sample("disk_byte", all - flush / 2, (double)blocks * sizeof block);
}

int main(int count, char **words) {
  int rounds = count > 1 ? atoi(words[1]) : 15;
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC_RAW, &from);
  uint64_t start = now();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGUSR1, onUser);
  handle(SIGSEGV, onSegv);
  region = mapRegion(MOST);
  /* Children first, while the process is small; the first round warms up and does not count. */
  for (int round = -1; round < rounds; round++) {
    if (round == 0) printf("warm\n");
    pingPong();
    wire();
    nullCall();
    sendSignal();
    userInstructions();
    changeProtection(1, 100);
    changeProtection(8, 50);
    changeProtection(64, 20);
    changeProtection(512, 5);
    changeProtection(4096, 4);
    protectionFault("fault_sequential", 1);
    protectionFault("fault_alternate", 2);
    touch();
    mapAndUnmap();
    userfaultSigbus();
    userfaultThread();
    softDirty();
    bytes();
    disk(count > 2 ? words[2] : ".");
    fflush(stdout);
  }
  clock_gettime(CLOCK_MONOTONIC_RAW, &to);
  uint64_t ticks = now() - start;
  printf("tsc %.6f\n", ticks / ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)));
  return 0;
}
