// What a program can do to files and directories below /data, each step's result and error on a line.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wasi/api.h>

static void report(const char *what, long result) {
  int error = result < 0 ? errno : 0;
  printf("%s: %ld %s\n", what, result, error ? strerror(error) : "");
  errno = 0;
}
#define DO(call) report(#call, (long)(call))

static void contents(const char *path) {
  char buffer[256];
  int fd = open(path, O_RDONLY);
  if (fd < 0) { report(path, -1); return; }
  long n = read(fd, buffer, sizeof buffer);
  printf("%s has %ld bytes:", path, n);
  for (long i = 0; i < n; i++) printf(buffer[i] >= 32 && buffer[i] < 127 ? "%c" : "\\%02x", (unsigned char)buffer[i]);
  printf("\n");
  close(fd);
}

static void status(const char *path, int follow) {
  struct stat s;
  int r = follow ? stat(path, &s) : lstat(path, &s);
  if (r < 0) { report(path, -1); return; }
  printf("%s: type %o links %d size %ld\n", path, s.st_mode & S_IFMT, S_ISDIR(s.st_mode) ? 0 : (int)s.st_nlink,
         S_ISDIR(s.st_mode) ? 0L : (long)s.st_size);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static void list(const char *path) {
  DIR *dir = opendir(path);
  if (!dir) { report(path, -1); return; }
  char *names[512];
  int count = 0;
  for (struct dirent *e; (e = readdir(dir));) {
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    char text[300];
    snprintf(text, sizeof text, "%s(%d)", e->d_name, e->d_type);
    names[count++] = strdup(text);
  }
  qsort(names, count, sizeof *names, by_name);
  printf("%s:", path);
  for (int i = 0; i < count; i++) printf(" %s", names[i]);
  printf("\n");
  closedir(dir);
}

int main(void) {
  char buffer[64];
  // reading what was there
  contents("/data/hello.txt");
  status("/data/hello.txt", 1);
  DO(open("/data/none", O_RDONLY));
  DO(open("/data/hello.txt/x", O_RDONLY));
  DO(open("/data/hello.txt/", O_RDONLY));
  DO(open("/data/hello.txt", O_RDONLY | O_DIRECTORY));
  DO(open("/data/hello.txt", O_RDWR | O_CREAT | O_EXCL, 0644));
  DO(open("/data/sub", O_WRONLY));
  DO(open("/data/none/", O_RDWR | O_CREAT, 0644));

  // writing, seeking, holes
  int fd = open("/data/new.txt", O_RDWR | O_CREAT | O_TRUNC, 0644);
  DO(fd >= 3);
  DO(write(fd, "0123456789", 10));
  DO(lseek(fd, 4, SEEK_SET));
  DO(write(fd, "abc", 3));
  DO(lseek(fd, 0, SEEK_CUR));
  DO(lseek(fd, -2, SEEK_END));
  DO(read(fd, buffer, 10));
  DO(lseek(fd, -20, SEEK_CUR));
  DO(lseek(fd, 0, 9));
  DO(lseek(fd, 100, SEEK_SET));
  DO(read(fd, buffer, 10));
  DO(write(fd, "z", 1));
  DO(pread(fd, buffer, 5, 3));
  printf("%.5s\n", buffer);
  DO(pread(fd, buffer, 5, 5000));
  DO(pwrite(fd, "PP", 2, 1));
  DO(lseek(fd, 0, SEEK_CUR));
  struct iovec parts[3] = {{"one", 3}, {"", 0}, {"three", 5}};
  DO(lseek(fd, 0, SEEK_SET));
  DO(writev(fd, parts, 3));
  contents("/data/new.txt");
  DO(ftruncate(fd, 6));
  DO(ftruncate(fd, 9));
  contents("/data/new.txt");
  DO(posix_fallocate(fd, 0, 20));
  status("/data/new.txt", 1);
  DO(posix_fallocate(fd, 0, 5));
  status("/data/new.txt", 1);
  DO(fsync(fd));
  DO(fdatasync(fd));
  DO(fcntl(fd, F_GETFL) & (O_APPEND | O_RDWR));
  DO(close(fd));
  DO(close(fd));
  DO(write(fd, "x", 1));

  // modes
  fd = open("/data/new.txt", O_WRONLY | O_APPEND);
  DO(write(fd, "+end", 4));
  DO(lseek(fd, 0, SEEK_SET));
  DO(write(fd, "+more", 5));
  DO(lseek(fd, 0, SEEK_CUR));
  DO(pwrite(fd, "!", 1, 0));
  DO(read(fd, buffer, 1));
  DO(close(fd));
  contents("/data/new.txt");
  fd = open("/data/new.txt", O_RDONLY);
  DO(write(fd, "x", 1));
  DO(ftruncate(fd, 1));
  DO(pwrite(fd, "x", 1, 0));
  DO(close(fd));
  DO(close(open("/data/new.txt", O_WRONLY | O_TRUNC)));
  status("/data/new.txt", 1);

  // directories
  DO(mkdir("/data/dir", 0755));
  DO(mkdir("/data/dir", 0755));
  DO(mkdir("/data/none/dir", 0755));
  DO(mkdir("/data/hello.txt/dir", 0755));
  DO(mkdir("/data/dir/inner/", 0755));
  DO(rmdir("/data/dir"));
  DO(rmdir("/data/hello.txt"));
  DO(rmdir("/data/none"));
  DO(unlink("/data/dir"));
  DO(unlink("/data/none"));
  DO(close(open("/data/dir/a", O_WRONLY | O_CREAT, 0644)));
  DO(close(open("/data/dir/b", O_WRONLY | O_CREAT, 0644)));
  list("/data/dir");
  DO(open("/data/dir", O_RDWR | O_CREAT, 0644));
  status("/data/dir/./inner/../a", 1);
  list("/data/none");
  list("/data/hello.txt");

  // renaming
  DO(rename("/data/dir/a", "/data/dir/c"));
  DO(rename("/data/dir/none", "/data/dir/d"));
  DO(rename("/data/dir/b", "/data/dir/c"));
  DO(rename("/data/dir/c", "/data/dir/inner"));
  DO(rename("/data/dir/inner", "/data/dir/c"));
  DO(rename("/data/dir", "/data/dir/inner/x"));
  DO(rename("/data/dir/inner", "/data/dir"));
  DO(rename("/data/dir/c", "/data/dir/c"));
  DO(mkdir("/data/empty", 0755));
  DO(rename("/data/dir/inner", "/data/empty"));
  DO(rename("/data/dir", "/data/moved"));
  list("/data");
  list("/data/moved");

  // an open file outlives its name
  fd = open("/data/moved/c", O_RDWR);
  DO(write(fd, "still here", 10));
  DO(unlink("/data/moved/c"));
  DO(pread(fd, buffer, 10, 0));
  struct stat s;
  DO(fstat(fd, &s));
  DO(s.st_nlink);
  DO(close(fd));
  status("/data/moved/c", 1);

  // links
  DO(symlink("hello.txt", "/data/link"));
  DO(symlink("hello.txt", "/data/link"));
  DO(symlink("none", "/data/dangling"));
  DO(symlink("loop2", "/data/loop1"));
  DO(symlink("loop1", "/data/loop2"));
  DO(symlink("sub", "/data/sublink"));
  status("/data/link", 0);
  status("/data/link", 1);
  status("/data/dangling", 0);
  status("/data/dangling", 1);
  contents("/data/link");
  contents("/data/sublink/inside.txt");
  DO(open("/data/loop1", O_RDONLY));
  DO(readlink("/data/link", buffer, sizeof buffer));
  printf("%.9s\n", buffer);
  DO(readlink("/data/hello.txt", buffer, sizeof buffer));
  DO(link("/data/hello.txt", "/data/hard"));
  DO(link("/data/hello.txt", "/data/hard"));
  DO(link("/data/none", "/data/hard2"));
  status("/data/hard", 1);
  fd = open("/data/hard", O_WRONLY | O_APPEND);
  DO(write(fd, "!", 1));
  DO(close(fd));
  contents("/data/hello.txt");
  DO(unlink("/data/hello.txt"));
  status("/data/hard", 1);
  DO(unlink("/data/link"));
  list("/data");

  // confinement
  DO(open("/data/../outside.txt", O_RDONLY) >= 0);
  DO(open("/etc/passwd", O_RDONLY) >= 0);
  DO(open("/data/sub/../../outside.txt", O_RDONLY) >= 0);

  // times
  struct timespec times[2] = {{1000000000, 0}, {1200000000, 0}};
  DO(utimensat(AT_FDCWD, "/data/hard", times, 0));
  DO(stat("/data/hard", &s));
  printf("times %lld.%ld %lld.%ld\n", (long long)s.st_atim.tv_sec, s.st_atim.tv_nsec, (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);

  // numbers of descriptors
  int first = open("/data/hard", O_RDONLY);
  int second = open("/data/hard", O_RDONLY);
  DO(second - first);
  DO(close(first));
  DO(open("/data/hard", O_RDONLY) == first);
  DO(__wasi_fd_renumber(second, first));
  DO(__wasi_fd_renumber(second, first));
  DO(read(first, buffer, 2));
  DO(lseek(first, 0, SEEK_CUR));

  // many names
  DO(mkdir("/data/many", 0755));
  for (int i = 0; i < 300; i++) {
    char name[80];
    snprintf(name, sizeof name, "/data/many/a-rather-long-name-for-a-file-%d", i);
    close(open(name, O_CREAT | O_WRONLY, 0644));
  }
  list("/data/many");
  DO(open("/data/many/"
          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
          O_CREAT | O_RDWR, 0644));
  return 0;
}
