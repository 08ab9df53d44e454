/* Constants of the VELOC 1.8 interface; values as programs compiled for VELOC expect them. */
#ifndef CHECKPOINT_LENS_VELOC_DEFS_H
#define CHECKPOINT_LENS_VELOC_DEFS_H

/* What every function returns, unless it says otherwise. */
#define VELOC_SUCCESS (0)
#define VELOC_FAILURE (-1)

/* Room that VELOC_Route_file needs for its answer, the final NUL included. */
#define VELOC_MAX_NAME (1024)

/* Which regions VELOC_Checkpoint_selective saves: all, those listed, or those not listed. */
#define VELOC_CKPT_ALL (0)
#define VELOC_CKPT_SOME (1)
#define VELOC_CKPT_REST (2)

/* Which regions VELOC_Recover_selective restores: all in the checkpoint, those listed, or those not listed. */
#define VELOC_RECOVER_ALL (0)
#define VELOC_RECOVER_SOME (1)
#define VELOC_RECOVER_REST (2)

/* Event of VELOC's C++ observers; listed for completeness, the C interface does not use it. */
#define VELOC_OBSERVE_CKPT_END (0)

#endif
