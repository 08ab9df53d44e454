/*
 * SQLite at work on a database in memory or in a file: a table with an index, transactions that commit and roll back,
 * joins, deletes, a vacuum and an integrity check. All it needs of the system is a few files: this is its VFS, on stdio.
 *
 *   sqlite-work [file, :memory: unless given] [rows, 20000 unless given]
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  sqlite3_file base;
  FILE *stream;
  char *delete_on_close;
} stdio_file;

static int close_file(sqlite3_file *file) {
  stdio_file *f = (stdio_file *)file;
  fclose(f->stream);
  if (f->delete_on_close) remove(f->delete_on_close);
  free(f->delete_on_close);
  return SQLITE_OK;
}
static int read_file(sqlite3_file *file, void *into, int bytes, sqlite3_int64 at) {
  stdio_file *f = (stdio_file *)file;
  if (fseek(f->stream, (long)at, SEEK_SET) != 0) return SQLITE_IOERR_READ;
  size_t got = fread(into, 1, (size_t)bytes, f->stream);
  if ((int)got == bytes) return SQLITE_OK;
  memset((char *)into + got, 0, (size_t)bytes - got);
  return SQLITE_IOERR_SHORT_READ;
}
static int write_file(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 at) {
  stdio_file *f = (stdio_file *)file;
  if (fseek(f->stream, (long)at, SEEK_SET) != 0) return SQLITE_IOERR_WRITE;
  return fwrite(from, 1, (size_t)bytes, f->stream) == (size_t)bytes ? SQLITE_OK : SQLITE_IOERR_WRITE;
}
/* SQLite works with files that stay longer than it asked for. */
static int truncate_file(sqlite3_file *file, sqlite3_int64 size) { return SQLITE_OK; }
static int sync_file(sqlite3_file *file, int flags) {
  return fflush(((stdio_file *)file)->stream) == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}
static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  stdio_file *f = (stdio_file *)file;
  if (fseek(f->stream, 0, SEEK_END) != 0) return SQLITE_IOERR_FSTAT;
  *size = ftell(f->stream);
  return SQLITE_OK;
}
static int lock_file(sqlite3_file *file, int level) { return SQLITE_OK; }
static int check_lock(sqlite3_file *file, int *locked) { return *locked = 0, SQLITE_OK; }
static int control_file(sqlite3_file *file, int operation, void *argument) { return SQLITE_NOTFOUND; }
static int sector_size(sqlite3_file *file) { return 4096; }
static int characteristics(sqlite3_file *file) { return 0; }

static const sqlite3_io_methods methods = {
    1, close_file, read_file, write_file, truncate_file, sync_file, file_size,
    lock_file, lock_file, check_lock, control_file, sector_size, characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  stdio_file *f = (stdio_file *)file;
  static int temporaries;
  char temporary[32];
  if (name == NULL) {
    snprintf(temporary, sizeof temporary, "/data/temporary-%d", temporaries++);
    name = temporary;
  }
  f->base.pMethods = NULL;
  f->delete_on_close = NULL;
  f->stream = fopen(name, "r+b");
  if (f->stream == NULL && (flags & SQLITE_OPEN_CREATE)) f->stream = fopen(name, "w+b");
  if (f->stream == NULL) return SQLITE_CANTOPEN;
  if (flags & SQLITE_OPEN_DELETEONCLOSE) f->delete_on_close = strdup(name);
  f->base.pMethods = &methods;
  if (out) *out = flags;
  return SQLITE_OK;
}
static int delete_file(sqlite3_vfs *vfs, const char *name, int sync) { return remove(name), SQLITE_OK; }
static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
  FILE *stream = fopen(name, "rb");
  *result = stream != NULL;
  if (stream) fclose(stream);
  return SQLITE_OK;
}
static int full_pathname(sqlite3_vfs *vfs, const char *name, int room, char *out) {
  return snprintf(out, (size_t)room, "%s", name) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}
static int randomness(sqlite3_vfs *vfs, int bytes, char *out) { return memset(out, 42, (size_t)bytes), bytes; }
static int sleep_us(sqlite3_vfs *vfs, int microseconds) { return microseconds; }
static int current_time(sqlite3_vfs *vfs, double *days) { return *days = 2460310.5, SQLITE_OK; }

int sqlite3_os_init(void) {
  static sqlite3_vfs vfs = {
      .iVersion = 1, .szOsFile = sizeof(stdio_file), .mxPathname = 256, .zName = "stdio", .xOpen = open_file,
      .xDelete = delete_file, .xAccess = access_file, .xFullPathname = full_pathname, .xRandomness = randomness,
      .xSleep = sleep_us, .xCurrentTime = current_time,
  };
  return sqlite3_vfs_register(&vfs, 1);
}
int sqlite3_os_end(void) { return SQLITE_OK; }

static sqlite3 *db;

static int print_row(void *unused, int columns, char **values, char **names) {
  for (int i = 0; i < columns; i++) printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
  printf("\n");
  return 0;
}

static void run(const char *sql) {
  char *error = NULL;
  if (sqlite3_exec(db, sql, print_row, NULL, &error) == SQLITE_OK) return;
  printf("%s: %s\n", sql, error);
  exit(1);
}

int main(int argc, char **argv) {
  int rows = argc > 2 ? atoi(argv[2]) : 20000;
  if (sqlite3_open(argc > 1 ? argv[1] : ":memory:", &db) != SQLITE_OK) return printf("cannot open\n"), 1;
  run("create table item(id integer primary key, name text, price real, note blob)");
  run("create index by_name on item(name)");
  sqlite3_stmt *insert;
  sqlite3_prepare_v2(db, "insert into item(name, price, note) values(?, ?, zeroblob(?))", -1, &insert, NULL);
  unsigned long long random = 88172645463325252ull;
  for (int i = 0; i < rows; i++) {
    if (i % 500 == 0) run("begin");
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    char name[64];
    snprintf(name, sizeof name, "item %llx of many", random % 100003);
    sqlite3_bind_text(insert, 1, name, -1, SQLITE_TRANSIENT);
    sqlite3_bind_double(insert, 2, (double)(random % 10000) / 7);
    sqlite3_bind_int(insert, 3, (int)(random % 300));
    if (sqlite3_step(insert) != SQLITE_DONE) return printf("%s\n", sqlite3_errmsg(db)), 1;
    sqlite3_reset(insert);
    if (i % 500 == 499 || i == rows - 1) run(i % 1500 == 1499 ? "rollback" : "commit");
  }
  sqlite3_finalize(insert);
  run("update item set price = price * 2 where name like '%7%'");
  run("delete from item where id % 5 = 0");
  run("select count(*), round(sum(price), 3), min(name), max(name), sum(length(note)) from item");
  run("select substr(name, 6, 1) d, count(*), round(avg(price), 3) from item group by d order by 2 desc limit 5");
  run("select count(*) from item a join item b on a.name = b.name where a.id < b.id");
  run("with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) select sum(i * i) from n");
  run("vacuum");
  run("pragma integrity_check");
  printf("%s %s\n", sqlite3_libversion(), sqlite3_close(db) == SQLITE_OK ? "closed" : "still open");
  return 0;
}
