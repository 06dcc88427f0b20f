/* Results that are still coming, as files: an upload that broke off can be gone on with.
 *
 *   FOLDER/HASH/ID   what has come of the upload ID for a plugin on a node (HASH is of both)
 *   FOLDER/NUMBER    of an upload without an ID, gone when it ends
 *
 * They outlive the program. Of a plugin on a node there is one ID at a time: another one's file is removed.
 * Thread-safe.
 */
#pragma once

#include "base/error.h"

typedef struct Partials Partials;
typedef struct Partial Partial;

/* Makes the folder; what nobody can go on with is removed from it. */
Partials *partials_new(const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The folder stays. */
void partials_free(Partials *partials);

/* Whether a text will do as an ID: 1 to 64 of 0-9 and a-f. */
bool partial_id_check(const char *id);
/* How many bytes have come of the upload: 0 where there is none. Whoever still writes to it does so no longer. */
guint64 partial_size(Partials *partials, const char *plugin, const char *node, const char *id);

/* Opens an upload to write to from byte `offset` on; LIMIT where that is not what has come. `id` may be NULL, with
 * offset 0. Offset 0 begins anew. Whoever still writes to it does so no longer. */
Partial *partial_open(Partials *partials, const char *plugin, const char *node, const char *id, guint64 offset,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* False with errno set: ECANCELED where another has taken the upload over. */
bool partial_write(Partial *partial, const void *data, size_t length) G_GNUC_WARN_UNUSED_RESULT;
guint64 partial_length(const Partial *partial);
const char *partial_path(const Partial *partial);
/* What has come is whole: from now on the file is this caller's alone, and another upload begins anew. False with errno
 * set: ECANCELED as above. */
bool partial_claim(Partial *partial) G_GNUC_WARN_UNUSED_RESULT;
/* `keep`: it may be gone on with, where it has an ID; else the file is removed, unless another has taken it over. */
void partial_close(Partial *partial, bool keep);
