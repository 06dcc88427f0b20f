/* A stored backup's archive as an index: what restore, ls, cat and export begin with. */
#pragma once

#include "ark/index.h"
#include "store/store.h"

/* Reads the archive once, as a stream, and compares its SHA-256 with the recorded one where there is one.
 * Errors name location and key; CORRUPT for damage. */
ArkIndex *ark_contents_read(Store *store, const char *backup, const ArkIndexOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
