/*
 * Heat spreading over a square plate: a stencil that sweeps over everything it has, so that nearly every page is dirty
 * at each checkpoint, in the order of its address.
 *
 *   heat [cells per side, 512 unless given]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <veloc.h>

#define STEPS 240
#define STEPS_PER_CHECKPOINT 24

static int side;
static double *plate;   /* the temperatures, row by row; the outermost cells stay as they are */
static double *scratch; /* where the next step is written */
static int step;        /* how many steps are done */

/* One step: each inner cell becomes the mean of its four neighbours. */
static void diffuse(const double *from, double *to) {
  for (int row = 1; row < side - 1; row++) {
    const double *above = from + (row - 1) * side, *here = from + row * side, *below = from + (row + 1) * side;
    double *result = to + row * side;
    for (int column = 1; column < side - 1; column++) {
      result[column] = 0.25 * (above[column] + below[column] + here[column - 1] + here[column + 1]);
    }
  }
}

/* A cold plate whose upper edge is hot in the middle. */
static void set_up(double *cells) {
  memset(cells, 0, (size_t)side * side * sizeof(double));
  for (int column = side / 10; column < side - side / 10; column++) cells[column] = 100;
}

static uint64_t checksum(const void *data, size_t bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3;
  return hash;
}

int main(int argc, char **argv) {
  side = argc > 1 ? atoi(argv[1]) : 512;
  if (side < 3 || side > 8192) return fprintf(stderr, "the side must be 3 to 8192 cells\n"), 2;
  size_t cells = (size_t)side * side;
  plate = malloc(cells * sizeof(double));
  scratch = malloc(cells * sizeof(double));
  if (plate == NULL || scratch == NULL) return fprintf(stderr, "out of memory\n"), 1;

  /* What a fresh start and a restart have in common: the edges of both buffers are never written again. */
  set_up(plate);
  set_up(scratch);

  /*
   * Two sweeps bring the result back into `plate`, and checkpoints fall on even steps only: then `scratch` holds nothing
   * that is needed, and protecting it would double each checkpoint for no reason.
   */
  if (VELOC_Init_single(0, "heat.cfg") != VELOC_SUCCESS) return 1;
  VELOC_Mem_protect(0, &step, 1, sizeof step);
  VELOC_Mem_protect(1, plate, cells, sizeof(double));
  VELOC_Mem_name(0, "step");
  VELOC_Mem_name(1, "plate");

  int version = VELOC_Restart_test("heat", 0);
  if (version > 0 && VELOC_Restart("heat", version) != VELOC_SUCCESS) return 1;

  while (step < STEPS) {
    diffuse(plate, scratch);
    diffuse(scratch, plate);
    step += 2;
    if (step % STEPS_PER_CHECKPOINT == 0 && VELOC_Checkpoint("heat", step) != VELOC_SUCCESS) return 1;
  }

  VELOC_Finalize(1);
  printf("%d steps, %.6f below the middle of the hot edge, checksum %016llx\n", step, plate[side + side / 2],
         (unsigned long long)checksum(plate, cells * sizeof(double)));
  return 0;
}
