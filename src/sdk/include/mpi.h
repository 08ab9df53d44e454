/*
 * MPI for one process, in one header: what programs written for VELOC need to run on their own.
 *
 * The process is rank 0 of 1. Collectives copy from the one rank to itself. A message can only go to oneself
 * (or to MPI_PROC_NULL, which is nobody); messages sent before they are received wait in memory. A receive that nothing
 * was sent for could never end, and is an error. Anything wrong ends the program, as MPI's default error
 * handler does, after one sentence on stderr.
 *
 * Not here: one-sided communication, files, derived datatypes beyond MPI_Type_contiguous, process topologies.
 */
#ifndef CHECKPOINT_LENS_MPI_H
#define CHECKPOINT_LENS_MPI_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPI_VERSION 3
#define MPI_SUBVERSION 1

#define MPI_SUCCESS 0
#define MPI_ERR_BUFFER 1
#define MPI_ERR_COUNT 2
#define MPI_ERR_TYPE 3
#define MPI_ERR_TAG 4
#define MPI_ERR_COMM 5
#define MPI_ERR_RANK 6
#define MPI_ERR_ROOT 7
#define MPI_ERR_OP 9
#define MPI_ERR_ARG 12
#define MPI_ERR_TRUNCATE 14
#define MPI_ERR_OTHER 15

#define MPI_ANY_SOURCE (-2)
#define MPI_ANY_TAG (-1)
#define MPI_PROC_NULL (-1)
#define MPI_ROOT (-3)
#define MPI_UNDEFINED (-32766)

#define MPI_MAX_PROCESSOR_NAME 128
#define MPI_MAX_ERROR_STRING 256

#define MPI_THREAD_SINGLE 0
#define MPI_THREAD_FUNNELED 1
#define MPI_THREAD_SERIALIZED 2
#define MPI_THREAD_MULTIPLE 3

#define MPI_IN_PLACE ((void *)-1)
#define MPI_BOTTOM ((void *)0)

typedef int MPI_Comm;
typedef int MPI_Group;
typedef int MPI_Op;
typedef int MPI_Info;
typedef int MPI_Errhandler;
typedef int MPI_Request;
typedef ptrdiff_t MPI_Aint;
typedef long long MPI_Offset;
typedef long long MPI_Count;

#define MPI_COMM_NULL ((MPI_Comm)0)
#define MPI_COMM_WORLD ((MPI_Comm)1)
#define MPI_COMM_SELF ((MPI_Comm)2)
#define MPI_COMM_TYPE_SHARED 1
#define MPI_GROUP_NULL ((MPI_Group)0)
#define MPI_INFO_NULL ((MPI_Info)0)
#define MPI_ERRORS_ARE_FATAL ((MPI_Errhandler)1)
#define MPI_ERRORS_RETURN ((MPI_Errhandler)2)

/* A request that is done. A receive is only pending between MPI_Irecv and the wait for it. */
#define MPI_REQUEST_NULL ((MPI_Request)0)

typedef struct MPI_Status {
  int MPI_SOURCE;
  int MPI_TAG;
  int MPI_ERROR;
  int checkpoint_lens_bytes;
} MPI_Status;
#define MPI_STATUS_IGNORE ((MPI_Status *)0)
#define MPI_STATUSES_IGNORE ((MPI_Status *)0)

/* A datatype is its size in bytes, with a number above bit 40 that tells types of one size apart. */
typedef int64_t MPI_Datatype;
#define CHECKPOINT_LENS_TYPE(kind, size) (((MPI_Datatype)(kind) << 40) | (MPI_Datatype)(size))
#define MPI_DATATYPE_NULL ((MPI_Datatype)0)
#define MPI_BYTE CHECKPOINT_LENS_TYPE(1, 1)
#define MPI_PACKED MPI_BYTE
#define MPI_CHAR CHECKPOINT_LENS_TYPE(2, 1)
#define MPI_SIGNED_CHAR CHECKPOINT_LENS_TYPE(2, 1)
#define MPI_UNSIGNED_CHAR CHECKPOINT_LENS_TYPE(1, 1)
#define MPI_SHORT CHECKPOINT_LENS_TYPE(3, sizeof(short))
#define MPI_UNSIGNED_SHORT CHECKPOINT_LENS_TYPE(4, sizeof(short))
#define MPI_INT CHECKPOINT_LENS_TYPE(5, sizeof(int))
#define MPI_UNSIGNED CHECKPOINT_LENS_TYPE(6, sizeof(unsigned))
#define MPI_LONG CHECKPOINT_LENS_TYPE(sizeof(long) == 8 ? 7 : 5, sizeof(long))
#define MPI_UNSIGNED_LONG CHECKPOINT_LENS_TYPE(sizeof(long) == 8 ? 8 : 6, sizeof(long))
#define MPI_LONG_LONG CHECKPOINT_LENS_TYPE(7, 8)
#define MPI_LONG_LONG_INT MPI_LONG_LONG
#define MPI_UNSIGNED_LONG_LONG CHECKPOINT_LENS_TYPE(8, 8)
#define MPI_FLOAT CHECKPOINT_LENS_TYPE(9, 4)
#define MPI_DOUBLE CHECKPOINT_LENS_TYPE(10, 8)
#define MPI_LONG_DOUBLE CHECKPOINT_LENS_TYPE(11, sizeof(long double))
#define MPI_INT8_T MPI_SIGNED_CHAR
#define MPI_UINT8_T MPI_UNSIGNED_CHAR
#define MPI_INT16_T MPI_SHORT
#define MPI_UINT16_T MPI_UNSIGNED_SHORT
#define MPI_INT32_T MPI_INT
#define MPI_UINT32_T MPI_UNSIGNED
#define MPI_INT64_T MPI_LONG_LONG
#define MPI_UINT64_T MPI_UNSIGNED_LONG_LONG
#define MPI_C_BOOL MPI_UNSIGNED_CHAR
#define MPI_AINT MPI_LONG
#define MPI_OFFSET MPI_LONG_LONG
#define MPI_FLOAT_INT CHECKPOINT_LENS_TYPE(12, 8)
#define MPI_DOUBLE_INT CHECKPOINT_LENS_TYPE(12, 16)
#define MPI_LONG_INT CHECKPOINT_LENS_TYPE(12, 2 * sizeof(long))
#define MPI_2INT CHECKPOINT_LENS_TYPE(12, 8)

/* With one rank every reduction gives back what that rank put in, so operations are only names. */
#define MPI_OP_NULL ((MPI_Op)0)
#define MPI_MAX ((MPI_Op)1)
#define MPI_MIN ((MPI_Op)2)
#define MPI_SUM ((MPI_Op)3)
#define MPI_PROD ((MPI_Op)4)
#define MPI_LAND ((MPI_Op)5)
#define MPI_BAND ((MPI_Op)6)
#define MPI_LOR ((MPI_Op)7)
#define MPI_BOR ((MPI_Op)8)
#define MPI_LXOR ((MPI_Op)9)
#define MPI_BXOR ((MPI_Op)10)
#define MPI_MAXLOC ((MPI_Op)11)
#define MPI_MINLOC ((MPI_Op)12)
typedef void MPI_User_function(void *in, void *inout, int *count, MPI_Datatype *type);

/* ---- State: one copy for all sources of a program ---- */

/* A message that was sent and not received yet, or a receive that was posted and not served yet. */
typedef struct checkpoint_lens_message {
  struct checkpoint_lens_message *next;
  int tag, comm, request;
  size_t bytes;
  void *buffer;
} checkpoint_lens_message;

typedef struct checkpoint_lens_mpi_state {
  checkpoint_lens_message *sent;
  checkpoint_lens_message *posted;
  int initialized, finalized, last_comm, last_request;
} checkpoint_lens_mpi_state;
__attribute__((weak)) checkpoint_lens_mpi_state checkpoint_lens_mpi = {NULL, NULL, 0, 0, 2, 0};

#define CHECKPOINT_LENS_MPI static inline __attribute__((unused))

__attribute__((noreturn)) CHECKPOINT_LENS_MPI void checkpoint_lens_mpi_fail(const char *function, const char *why) {
  fflush(stdout);
  fprintf(stderr, "%s: %s\n", function, why);
  exit(1);
}

CHECKPOINT_LENS_MPI size_t checkpoint_lens_mpi_bytes(const char *function, int count, MPI_Datatype type) {
  size_t size = (size_t)(type & 0xffffffffff);
  if (count < 0) checkpoint_lens_mpi_fail(function, "the count is negative");
  if (size == 0) checkpoint_lens_mpi_fail(function, "the datatype is MPI_DATATYPE_NULL");
  return (size_t)count * size;
}

CHECKPOINT_LENS_MPI void checkpoint_lens_mpi_copy(const void *from, void *to, size_t bytes) {
  if (bytes > 0 && from != to && from != MPI_IN_PLACE && to != MPI_IN_PLACE) memmove(to, from, bytes);
}

CHECKPOINT_LENS_MPI void checkpoint_lens_mpi_root(const char *function, int root) {
  if (root != 0) checkpoint_lens_mpi_fail(function, "the root is not rank 0, the only one");
}

/* ---- The process and its communicators ---- */

CHECKPOINT_LENS_MPI int MPI_Init(int *argc, char ***argv) {
  (void)argc, (void)argv;
  checkpoint_lens_mpi.initialized = 1;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Init_thread(int *argc, char ***argv, int required, int *provided) {
  (void)required;
  *provided = MPI_THREAD_SINGLE;
  return MPI_Init(argc, argv);
}
CHECKPOINT_LENS_MPI int MPI_Query_thread(int *provided) {
  *provided = MPI_THREAD_SINGLE;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Initialized(int *flag) {
  *flag = checkpoint_lens_mpi.initialized;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Finalized(int *flag) {
  *flag = checkpoint_lens_mpi.finalized;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Finalize(void) {
  checkpoint_lens_mpi.finalized = 1;
  return MPI_SUCCESS;
}
__attribute__((noreturn)) CHECKPOINT_LENS_MPI int MPI_Abort(MPI_Comm comm, int code) {
  (void)comm;
  fflush(stdout);
  exit(code);
}
CHECKPOINT_LENS_MPI int MPI_Comm_rank(MPI_Comm comm, int *rank) {
  (void)comm;
  *rank = 0;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Comm_size(MPI_Comm comm, int *size) {
  (void)comm;
  *size = 1;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Comm_dup(MPI_Comm comm, MPI_Comm *result) {
  (void)comm;
  *result = ++checkpoint_lens_mpi.last_comm;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *result) {
  (void)key;
  if (color != MPI_UNDEFINED) return MPI_Comm_dup(comm, result);
  *result = MPI_COMM_NULL;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *result) {
  (void)info;
  return MPI_Comm_split(comm, type, key, result);
}
CHECKPOINT_LENS_MPI int MPI_Comm_free(MPI_Comm *comm) {
  *comm = MPI_COMM_NULL;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler handler) {
  (void)comm, (void)handler;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Get_processor_name(char *name, int *length) {
  strcpy(name, "guest");
  *length = 5;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Get_version(int *version, int *subversion) {
  *version = MPI_VERSION;
  *subversion = MPI_SUBVERSION;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Error_string(int code, char *text, int *length) {
  *length = snprintf(text, MPI_MAX_ERROR_STRING, "MPI error %d", code);
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI double MPI_Wtime(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
CHECKPOINT_LENS_MPI double MPI_Wtick(void) { return 1e-9; }

/* ---- Datatypes and operations ---- */

CHECKPOINT_LENS_MPI int MPI_Type_size(MPI_Datatype type, int *size) {
  *size = (int)(type & 0xffffffffff);
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Type_contiguous(int count, MPI_Datatype type, MPI_Datatype *result) {
  *result = CHECKPOINT_LENS_TYPE(0, checkpoint_lens_mpi_bytes("MPI_Type_contiguous", count, type));
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Type_commit(MPI_Datatype *type) {
  (void)type;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Type_free(MPI_Datatype *type) {
  *type = MPI_DATATYPE_NULL;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Op_create(MPI_User_function *function, int commute, MPI_Op *op) {
  (void)function, (void)commute;
  *op = (MPI_Op)100;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Op_free(MPI_Op *op) {
  *op = MPI_OP_NULL;
  return MPI_SUCCESS;
}

/* ---- Messages to oneself ---- */

CHECKPOINT_LENS_MPI void checkpoint_lens_mpi_status(MPI_Status *status, int source, int tag, size_t bytes) {
  if (status == MPI_STATUS_IGNORE) return;
  status->MPI_SOURCE = source;
  status->MPI_TAG = tag;
  status->MPI_ERROR = MPI_SUCCESS;
  status->checkpoint_lens_bytes = (int)bytes;
}

/* Takes the oldest message that fits out of `list`; NULL when there is none. */
CHECKPOINT_LENS_MPI checkpoint_lens_message *checkpoint_lens_mpi_take(checkpoint_lens_message **list, int tag, MPI_Comm comm,
                                                                      int any) {
  for (; *list != NULL; list = &(*list)->next) {
    checkpoint_lens_message *message = *list;
    if (message->comm != comm || (message->tag != tag && tag != MPI_ANY_TAG && !(any && message->tag == MPI_ANY_TAG))) continue;
    *list = message->next;
    return message;
  }
  return NULL;
}

CHECKPOINT_LENS_MPI checkpoint_lens_message *checkpoint_lens_mpi_put(checkpoint_lens_message **list, int tag, MPI_Comm comm,
                                                                     size_t bytes, void *buffer) {
  checkpoint_lens_message *message = (checkpoint_lens_message *)malloc(sizeof *message);
  if (message == NULL) checkpoint_lens_mpi_fail("MPI", "out of memory");
  while (*list != NULL) list = &(*list)->next;
  message->next = NULL;
  message->tag = tag;
  message->comm = comm;
  message->request = 0;
  message->bytes = bytes;
  message->buffer = buffer;
  *list = message;
  return message;
}

CHECKPOINT_LENS_MPI int MPI_Send(const void *buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  size_t bytes = checkpoint_lens_mpi_bytes("MPI_Send", count, type);
  if (to == MPI_PROC_NULL) return MPI_SUCCESS;
  if (to != 0) checkpoint_lens_mpi_fail("MPI_Send", "the receiver is not rank 0, the only one");
  checkpoint_lens_message *receive = checkpoint_lens_mpi_take(&checkpoint_lens_mpi.posted, tag, comm, 1);
  if (receive != NULL) {
    if (bytes > receive->bytes) checkpoint_lens_mpi_fail("MPI_Send", "the message is longer than the receive that waits for it");
    checkpoint_lens_mpi_copy(buffer, receive->buffer, bytes);
    free(receive);
    return MPI_SUCCESS;
  }
  void *copy = malloc(bytes > 0 ? bytes : 1);
  if (copy == NULL) checkpoint_lens_mpi_fail("MPI_Send", "out of memory");
  checkpoint_lens_mpi_copy(buffer, copy, bytes);
  checkpoint_lens_mpi_put(&checkpoint_lens_mpi.sent, tag, comm, bytes, copy);
  return MPI_SUCCESS;
}
#define MPI_Ssend MPI_Send
#define MPI_Rsend MPI_Send
#define MPI_Bsend MPI_Send

/* Receives what was sent already; 0 when nothing was. */
CHECKPOINT_LENS_MPI int checkpoint_lens_mpi_receive(void *buffer, size_t bytes, int from, int tag, MPI_Comm comm,
                                                    MPI_Status *status) {
  if (from == MPI_PROC_NULL) {
    checkpoint_lens_mpi_status(status, MPI_PROC_NULL, MPI_ANY_TAG, 0);
    return 1;
  }
  if (from != 0 && from != MPI_ANY_SOURCE) checkpoint_lens_mpi_fail("MPI_Recv", "the sender is not rank 0, the only one");
  checkpoint_lens_message *message = checkpoint_lens_mpi_take(&checkpoint_lens_mpi.sent, tag, comm, 0);
  if (message == NULL) return 0;
  if (message->bytes > bytes) checkpoint_lens_mpi_fail("MPI_Recv", "the message is longer than the buffer");
  checkpoint_lens_mpi_copy(message->buffer, buffer, message->bytes);
  checkpoint_lens_mpi_status(status, 0, message->tag, message->bytes);
  free(message->buffer);
  free(message);
  return 1;
}

CHECKPOINT_LENS_MPI int MPI_Recv(void *buffer, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
                                 MPI_Status *status) {
  size_t bytes = checkpoint_lens_mpi_bytes("MPI_Recv", count, type);
  if (!checkpoint_lens_mpi_receive(buffer, bytes, from, tag, comm, status))
    checkpoint_lens_mpi_fail("MPI_Recv", "nothing was sent, and no other process will");
  return MPI_SUCCESS;
}

CHECKPOINT_LENS_MPI int MPI_Isend(const void *buffer, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,
                                  MPI_Request *request) {
  *request = MPI_REQUEST_NULL;
  return MPI_Send(buffer, count, type, to, tag, comm);
}
CHECKPOINT_LENS_MPI int MPI_Irecv(void *buffer, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
                                  MPI_Request *request) {
  size_t bytes = checkpoint_lens_mpi_bytes("MPI_Irecv", count, type);
  *request = MPI_REQUEST_NULL;
  if (checkpoint_lens_mpi_receive(buffer, bytes, from, tag, comm, MPI_STATUS_IGNORE)) return MPI_SUCCESS;
  checkpoint_lens_message *receive = checkpoint_lens_mpi_put(&checkpoint_lens_mpi.posted, tag, comm, bytes, buffer);
  receive->request = *request = ++checkpoint_lens_mpi.last_request;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status) {
  checkpoint_lens_message *receive = checkpoint_lens_mpi.posted;
  while (receive != NULL && receive->request != *request) receive = receive->next;
  *flag = *request == MPI_REQUEST_NULL || receive == NULL;
  if (*flag) {
    *request = MPI_REQUEST_NULL;
    checkpoint_lens_mpi_status(status, 0, MPI_ANY_TAG, 0);
  }
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Wait(MPI_Request *request, MPI_Status *status) {
  int flag;
  MPI_Test(request, &flag, status);
  if (!flag) checkpoint_lens_mpi_fail("MPI_Wait", "nothing was sent for this receive, and no other process will");
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Waitall(int count, MPI_Request *requests, MPI_Status *statuses) {
  for (int i = 0; i < count; i++) MPI_Wait(&requests[i], statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i]);
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Waitany(int count, MPI_Request *requests, int *index, MPI_Status *status) {
  *index = MPI_UNDEFINED;
  for (int i = 0; i < count && *index == MPI_UNDEFINED; i++)
    if (requests[i] != MPI_REQUEST_NULL) *index = i;
  return *index == MPI_UNDEFINED ? MPI_SUCCESS : MPI_Wait(&requests[*index], status);
}
CHECKPOINT_LENS_MPI int MPI_Testall(int count, MPI_Request *requests, int *flag, MPI_Status *statuses) {
  *flag = 1;
  for (int i = 0; i < count; i++) {
    int done;
    MPI_Test(&requests[i], &done, statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i]);
    if (!done) *flag = 0;
  }
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Iprobe(int from, int tag, MPI_Comm comm, int *flag, MPI_Status *status) {
  (void)from;
  *flag = 0;
  for (checkpoint_lens_message *message = checkpoint_lens_mpi.sent; message != NULL && !*flag; message = message->next)
    if (message->comm == comm && (message->tag == tag || tag == MPI_ANY_TAG)) {
      *flag = 1;
      checkpoint_lens_mpi_status(status, 0, message->tag, message->bytes);
    }
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Probe(int from, int tag, MPI_Comm comm, MPI_Status *status) {
  int flag;
  MPI_Iprobe(from, tag, comm, &flag, status);
  if (!flag) checkpoint_lens_mpi_fail("MPI_Probe", "nothing was sent, and no other process will");
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Get_count(const MPI_Status *status, MPI_Datatype type, int *count) {
  size_t size = checkpoint_lens_mpi_bytes("MPI_Get_count", 1, type);
  *count = (size_t)status->checkpoint_lens_bytes % size == 0 ? (int)((size_t)status->checkpoint_lens_bytes / size) : MPI_UNDEFINED;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Sendrecv(const void *send, int send_count, MPI_Datatype send_type, int to, int send_tag,
                                     void *receive, int receive_count, MPI_Datatype receive_type, int from, int receive_tag,
                                     MPI_Comm comm, MPI_Status *status) {
  MPI_Send(send, send_count, send_type, to, send_tag, comm);
  return MPI_Recv(receive, receive_count, receive_type, from, receive_tag, comm, status);
}

/* ---- Collectives ---- */

CHECKPOINT_LENS_MPI int MPI_Barrier(MPI_Comm comm) {
  (void)comm;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Bcast(void *buffer, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  (void)buffer, (void)count, (void)type, (void)comm;
  checkpoint_lens_mpi_root("MPI_Bcast", root);
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Allreduce(const void *send, void *receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  (void)op, (void)comm;
  checkpoint_lens_mpi_copy(send, receive, checkpoint_lens_mpi_bytes("MPI_Allreduce", count, type));
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Reduce(const void *send, void *receive, int count, MPI_Datatype type, MPI_Op op, int root,
                                   MPI_Comm comm) {
  checkpoint_lens_mpi_root("MPI_Reduce", root);
  return MPI_Allreduce(send, receive, count, type, op, comm);
}
CHECKPOINT_LENS_MPI int MPI_Scan(const void *send, void *receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  return MPI_Allreduce(send, receive, count, type, op, comm);
}
/* The exclusive scan of rank 0 is undefined: its buffer stays as it was. */
CHECKPOINT_LENS_MPI int MPI_Exscan(const void *send, void *receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  (void)send, (void)receive, (void)count, (void)type, (void)op, (void)comm;
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Allgather(const void *send, int send_count, MPI_Datatype send_type, void *receive, int receive_count,
                                      MPI_Datatype receive_type, MPI_Comm comm) {
  (void)comm;
  if (send == MPI_IN_PLACE || receive == MPI_IN_PLACE) return MPI_SUCCESS;
  size_t bytes = checkpoint_lens_mpi_bytes("MPI_Allgather", send_count, send_type);
  if (bytes != checkpoint_lens_mpi_bytes("MPI_Allgather", receive_count, receive_type))
    checkpoint_lens_mpi_fail("MPI_Allgather", "what is sent and what is received differ in size");
  checkpoint_lens_mpi_copy(send, receive, bytes);
  return MPI_SUCCESS;
}
CHECKPOINT_LENS_MPI int MPI_Gather(const void *send, int send_count, MPI_Datatype send_type, void *receive, int receive_count,
                                   MPI_Datatype receive_type, int root, MPI_Comm comm) {
  checkpoint_lens_mpi_root("MPI_Gather", root);
  return MPI_Allgather(send, send_count, send_type, receive, receive_count, receive_type, comm);
}
CHECKPOINT_LENS_MPI int MPI_Scatter(const void *send, int send_count, MPI_Datatype send_type, void *receive, int receive_count,
                                    MPI_Datatype receive_type, int root, MPI_Comm comm) {
  checkpoint_lens_mpi_root("MPI_Scatter", root);
  return MPI_Allgather(send, send_count, send_type, receive, receive_count, receive_type, comm);
}
CHECKPOINT_LENS_MPI int MPI_Alltoall(const void *send, int send_count, MPI_Datatype send_type, void *receive, int receive_count,
                                     MPI_Datatype receive_type, MPI_Comm comm) {
  return MPI_Allgather(send, send_count, send_type, receive, receive_count, receive_type, comm);
}
CHECKPOINT_LENS_MPI int MPI_Allgatherv(const void *send, int send_count, MPI_Datatype send_type, void *receive,
                                       const int *counts, const int *offsets, MPI_Datatype receive_type, MPI_Comm comm) {
  if (send == MPI_IN_PLACE) return MPI_SUCCESS;
  char *place = (char *)receive + offsets[0] * (ptrdiff_t)checkpoint_lens_mpi_bytes("MPI_Allgatherv", 1, receive_type);
  return MPI_Allgather(send, send_count, send_type, place, counts[0], receive_type, comm);
}
CHECKPOINT_LENS_MPI int MPI_Gatherv(const void *send, int send_count, MPI_Datatype send_type, void *receive, const int *counts,
                                    const int *offsets, MPI_Datatype receive_type, int root, MPI_Comm comm) {
  checkpoint_lens_mpi_root("MPI_Gatherv", root);
  return MPI_Allgatherv(send, send_count, send_type, receive, counts, offsets, receive_type, comm);
}
CHECKPOINT_LENS_MPI int MPI_Scatterv(const void *send, const int *counts, const int *offsets, MPI_Datatype send_type,
                                     void *receive, int receive_count, MPI_Datatype receive_type, int root, MPI_Comm comm) {
  checkpoint_lens_mpi_root("MPI_Scatterv", root);
  if (receive == MPI_IN_PLACE) return MPI_SUCCESS;
  const char *place = (const char *)send + offsets[0] * (ptrdiff_t)checkpoint_lens_mpi_bytes("MPI_Scatterv", 1, send_type);
  return MPI_Allgather(place, counts[0], send_type, receive, receive_count, receive_type, comm);
}

#ifdef __cplusplus
}
#endif

#endif
