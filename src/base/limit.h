/* How much of what comes from outside is taken in. A backup may be read by people who did not make it.
 *
 * Programs that read such data offer each limit as the option --limit-NAME, by the names of the table below; errors
 * say which one was reached and name that option. */
#pragma once

#include "base/error.h"

typedef struct {
    gint64 archive_size; /* bytes that a compressed stream unpacks to */
    gint64 ratio;        /* ... for each of its own, once it has unpacked to LIMIT_RATIO_FROM bytes */
    gint64 entries;      /* files and directories in an archive */
    gint64 entry_size;   /* bytes of one of them */
    gint64 path_length;  /* bytes of its path */
    gint64 file_size;    /* bytes that a file beside the archive, which is read as a whole, unpacks to */
} Limits;                /* 0: none */

enum { LIMIT_RATIO_FROM = 32 << 20 };

/* The default ones, for options' texts too: more than a cluster's backup needs. */
#define LIMIT_ARCHIVE_GI 16
#define LIMIT_RATIO 250
#define LIMIT_ENTRIES 10000000
#define LIMIT_ENTRY_MI 16
#define LIMIT_PATH_LENGTH 4096
#define LIMIT_FILE_MI 512

/* What holds where a caller gives NULL for limits. */
extern const Limits limits_default;

/* Sets LIMIT: the message, and that --limit-<option> raises that. */
void limit_reached(GError **error, const char *option, const char *format, ...) G_GNUC_PRINTF(3, 4);
