/* A checkpoint interface that never has a checkpoint: enough to build VELOC's example for the host. */
#pragma once
#define VELOC_SUCCESS 0
static int VELOC_Init(int comm, const char *file) { return 0; }
static int VELOC_Finalize(int drain) { return 0; }
static int VELOC_Mem_protect(int id, void *address, size_t count, size_t size) { return 0; }
static int VELOC_Restart_test(const char *name, int version) { return -1; }
static int VELOC_Restart(const char *name, int version) { return -1; }
static int VELOC_Checkpoint(const char *name, int version) { return 0; }
