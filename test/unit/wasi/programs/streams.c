// Arguments, environment and the three streams; exits with the number of arguments plus 40.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++) printf("arg %d [%s]\n", i, argv[i]);
  for (char **e = environ; *e; e++) printf("env [%s]\n", *e);
  printf("HOME %s\n", getenv("HOME") ? getenv("HOME") : "(none)");
  char line[64];
  int lines = 0;
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    printf("line %d %zu [%s]\n", ++lines, strlen(line), line);
  }
  printf("end of input %d\n", feof(stdin) != 0);
  fprintf(stderr, "%d lines\n", lines);
  return 40 + argc;
}
