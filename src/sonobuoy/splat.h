/* The archives of a run as bytes, for who fetches them through the aggregator's pod: its image has no shell. */
#pragma once

#include "base/error.h"

/* Writes a tar.gz of all *.tar.gz in the folder, by their names alone: what stock's `retrieve` reads. NOT_FOUND where
 * there is none. */
bool splat_all(const char *folder, int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes one of them as it is, from an offset on. */
bool splat_from(const char *folder, const char *name, guint64 from, int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
