/* tar archives as streams, on libarchive: pax written, all common forms read. */
#pragma once

#include "base/stream.h"

typedef struct TarWriter TarWriter;

/* Writes into `sink` (not taken over). */
TarWriter *tar_writer_new(Sink *sink, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A regular file, mode 0755 as Velero writes them. `mtime`: seconds. */
bool tar_writer_add(TarWriter *writer, const char *path, const void *data, size_t length, gint64 mtime, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* The same from a source that has so many bytes; CORRUPT where it has fewer. mode: permissions. */
bool tar_writer_add_source(TarWriter *writer, const char *path, Source *source, guint64 size, unsigned mode,
                           gint64 mtime, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A directory. */
bool tar_writer_add_folder(TarWriter *writer, const char *path, gint64 mtime, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The end marker; the sink stays unfinished. */
bool tar_writer_finish(TarWriter *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void tar_writer_free(TarWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TarWriter, tar_writer_free)

typedef struct TarReader TarReader;

/* Reads from `source` (not taken over). Of limits (NULL: the default ones), which are copied, entries, entry_size and
 * path_length count. */
TarReader *tar_reader_new(Source *source, const Limits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* tar_reader_next() passes over links, devices and what has no safe path, and each is told of: `path` fit for a
 * terminal, `what` it is. */
typedef void (*TarSkipFunc)(const char *path, const char *what, void *data);
void tar_reader_tell_special(TarReader *reader, TarSkipFunc func, void *data);
/* Any entry. Paths that are not UTF-8 are as text_utf8() has them. */
typedef enum { TAR_FILE, TAR_FOLDER, TAR_SYMBOLIC_LINK, TAR_HARD_LINK, TAR_OTHER } TarKind;
typedef struct {
    TarKind kind;
    const char *path;   /* "" where there is none; valid until the next call, like target */
    const char *target; /* of a link, as it stands there; else NULL */
    bool safe;          /* the path stays below the directory that it is unpacked into; of the target nothing is said */
    guint64 size;       /* of a file */
} TarEntry;
/* Whether a path stays below the directory it is unpacked into. */
bool tar_path_is_safe(const char *path);
/* Goes to the next entry: 1, 0 at the end, -1 on error (LIMIT, CORRUPT). */
int tar_reader_next_entry(TarReader *reader, TarEntry *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Goes to the next regular file. out_path is valid until the next call. Returns
 * 1, 0 at the end, -1 on error: LIMIT, and CORRUPT for absolute paths, "..", links and
 * devices, which are named; directories are passed over. */
int tar_reader_next(TarReader *reader, const char **out_path, guint64 *out_size, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* The whole content of the present entry, appended to `buffer`. */
bool tar_reader_read(TarReader *reader, GByteArray *buffer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The present entry's content as a source, which ends with the next call of tar_reader_next(). */
Source *tar_reader_content(TarReader *reader);
void tar_reader_free(TarReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TarReader, tar_reader_free)
