/*
 * The checkpoint interface that programs call: VELOC 1.8's C functions.
 *
 * A program written for VELOC compiles against this header as it stands. Each function is an import of the WebAssembly
 * module "veloc" whose name is the function's in small letters without its prefix, and is answered by the machine that
 * runs the program. All parameters and results are i32:
 *
 *   import                 parameters                               result
 *   init                   comm, cfg                                0 or -1
 *   init_single            id, cfg                                  0 or -1
 *   finalize               drain                                    0 or -1
 *   mem_protect            id, ptr, count, base_size                0 or -1
 *   mem_unprotect          id                                       0 or -1
 *   mem_clear              -                                        0 or -1
 *   region_protect         id, ptr, count, base_size, name          0 or -1
 *   region_unprotect       id, name                                 0 or -1
 *   region_clear           name                                     0 or -1
 *   route_file             original, routed                         0 or -1
 *   cleanup                name                                     0 or -1
 *   checkpoint             name, version                            0 or -1
 *   checkpoint_begin       name, version                            0 or -1
 *   checkpoint_mem         -                                        0 or -1
 *   checkpoint_selective   mode, ids, id_count                      0 or -1
 *   checkpoint_end         success                                  0 or -1
 *   checkpoint_wait        -                                        0 or -1
 *   checkpoint_finished    -                                        0 or -1
 *   restart_test           name, version                            a version (>= 0) or -1
 *   restart                name, version                            0 or -1
 *   restart_begin          name, version                            0 or -1
 *   recover_mem            -                                        0 or -1
 *   recover_selective      mode, ids, id_count                      0 or -1
 *   recover_size           id                                       a size in bytes, or -1
 *   restart_end            success                                  0 or -1
 *   mem_name               id, name                                 0 or -1   (beyond VELOC, see the end)
 *
 * Names are NUL-terminated UTF-8 at an address of the module's memory; a name of a checkpoint consists of letters,
 * digits, '_' and '.'.
 */
#ifndef CHECKPOINT_LENS_VELOC_H
#define CHECKPOINT_LENS_VELOC_H

#include "veloc/defs.h"

#include <mpi.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CHECKPOINT_LENS_IMPORT(name) __attribute__((import_module("veloc"), import_name(#name)))

/* ---- Beginning and end ---- */

/*
 * Begins checkpointing for the processes of `comm` together (here always one process). Call it before any other
 * function. `cfg_file` names VELOC's configuration file; where checkpoints go is chosen outside the program, so the file
 * need not exist and NULL will do.
 */
CHECKPOINT_LENS_IMPORT(init)
int VELOC_Init(MPI_Comm comm, const char *cfg_file);

/* The same for one process on its own, known by the number `id`. */
CHECKPOINT_LENS_IMPORT(init_single)
int VELOC_Init_single(unsigned int id, const char *cfg_file);

/* Ends checkpointing. With `drain` not 0 it waits for a checkpoint that is still being committed. */
CHECKPOINT_LENS_IMPORT(finalize)
int VELOC_Finalize(int drain);

/* ---- Regions of memory ---- */

/*
 * Puts `count` elements of `base_size` bytes from `ptr` on under protection: every later checkpoint saves them, a restart
 * writes them back. `id` is the program's own number for the region and must be the same in the run that restarts.
 * Protecting an `id` again replaces its region (after a realloc, for example).
 */
CHECKPOINT_LENS_IMPORT(mem_protect)
int VELOC_Mem_protect(int id, void *ptr, size_t count, size_t base_size);

/* Takes one region out of protection; fails when there is none with this `id`. */
CHECKPOINT_LENS_IMPORT(mem_unprotect)
int VELOC_Mem_unprotect(int id);

/* Takes all of them out. */
CHECKPOINT_LENS_IMPORT(mem_clear)
int VELOC_Mem_clear(void);

/*
 * The same three for a region that belongs only to checkpoints called `name`. A checkpoint saves the regions of its own
 * name where it has any, and those of VELOC_Mem_protect where it has none.
 */
CHECKPOINT_LENS_IMPORT(region_protect)
int VELOC_Region_protect(int id, void *ptr, size_t count, size_t base_size, const char *name);
CHECKPOINT_LENS_IMPORT(region_unprotect)
int VELOC_Region_unprotect(int id, const char *name);
CHECKPOINT_LENS_IMPORT(region_clear)
int VELOC_Region_clear(const char *name);

/* ---- Files ---- */

/*
 * For programs that write their checkpoint themselves: between VELOC_Checkpoint_begin and _end (or VELOC_Restart_begin
 * and _end) gives the path to open instead of `original`. `routed` has room for VELOC_MAX_NAME bytes.
 */
CHECKPOINT_LENS_IMPORT(route_file)
int VELOC_Route_file(const char *original, char *routed);

/* Removes every checkpoint called `name`. */
CHECKPOINT_LENS_IMPORT(cleanup)
int VELOC_Cleanup(const char *name);

/* ---- Taking a checkpoint ---- */

/*
 * Saves all protected regions as version `version` of `name`: waits for the checkpoint before, then does what
 * VELOC_Checkpoint_begin, _mem and _end do. Versions grow from one checkpoint to the next; start at 1, so that "none yet"
 * and "the first" are told apart by `VELOC_Restart_test(...) > 0`.
 */
CHECKPOINT_LENS_IMPORT(checkpoint)
int VELOC_Checkpoint(const char *name, int version);

/* The same in steps, to choose regions or to write files. Checkpoints do not nest. */
CHECKPOINT_LENS_IMPORT(checkpoint_begin)
int VELOC_Checkpoint_begin(const char *name, int version);

/* Saves all protected regions: VELOC_Checkpoint_selective(VELOC_CKPT_ALL, NULL, 0). */
CHECKPOINT_LENS_IMPORT(checkpoint_mem)
int VELOC_Checkpoint_mem(void);

/* Saves the regions that `mode` (VELOC_CKPT_*) picks with the `id_count` numbers in `ids`; fails when it picks none. */
CHECKPOINT_LENS_IMPORT(checkpoint_selective)
int VELOC_Checkpoint_selective(int mode, int *ids, int id_count);

/* Ends the checkpoint; `success` is 0 when the program failed to write its part, and the checkpoint is then dropped. */
CHECKPOINT_LENS_IMPORT(checkpoint_end)
int VELOC_Checkpoint_end(int success);

/* Waits until the last checkpoint is committed and tells whether it was. At once when commits are synchronous. */
CHECKPOINT_LENS_IMPORT(checkpoint_wait)
int VELOC_Checkpoint_wait(void);

/* VELOC_SUCCESS when no checkpoint is being committed any more, VELOC_FAILURE while one is. Does not wait. */
CHECKPOINT_LENS_IMPORT(checkpoint_finished)
int VELOC_Checkpoint_finished(void);

/* ---- Restarting ---- */

/*
 * The newest version of `name` below `version`, or the newest of all when `version` is 0; VELOC_FAILURE when there is
 * none. Protect the regions first, then ask, then restart.
 */
CHECKPOINT_LENS_IMPORT(restart_test)
int VELOC_Restart_test(const char *name, int version);

/* Writes version `version` of `name` back into the protected regions: VELOC_Restart_begin, _Recover_mem and _end. */
CHECKPOINT_LENS_IMPORT(restart)
int VELOC_Restart(const char *name, int version);

/* The same in steps. */
CHECKPOINT_LENS_IMPORT(restart_begin)
int VELOC_Restart_begin(const char *name, int version);

/* Restores every region in the checkpoint: VELOC_Recover_selective(VELOC_RECOVER_ALL, NULL, 0). */
CHECKPOINT_LENS_IMPORT(recover_mem)
int VELOC_Recover_mem(void);

/*
 * Restores the regions that `mode` (VELOC_RECOVER_*) picks with the `id_count` numbers in `ids`. Each must be protected
 * and at least as large as what was saved. A usual pair: SOME to get a size back, allocate and protect, then REST.
 */
CHECKPOINT_LENS_IMPORT(recover_selective)
int VELOC_Recover_selective(int mode, int *ids, int id_count);

/* Bytes saved for region `id` in the checkpoint that VELOC_Restart_begin opened; -1 when it has no such region. */
CHECKPOINT_LENS_IMPORT(recover_size)
int VELOC_Recover_size(int id);

/* Ends the restart; `success` is 0 when the program could not use what it got. */
CHECKPOINT_LENS_IMPORT(restart_end)
int VELOC_Restart_end(int success);

/* ---- Beyond VELOC ---- */

/*
 * Gives region `id` a name that reports show instead of its number. It changes nothing else, and VELOC does not have it:
 * a program that must also build there asks `#ifdef VELOC_HAS_MEM_NAME` first.
 */
#define VELOC_HAS_MEM_NAME 1
CHECKPOINT_LENS_IMPORT(mem_name)
int VELOC_Mem_name(int id, const char *name);

#undef CHECKPOINT_LENS_IMPORT

#ifdef __cplusplus
}
#endif

#endif
