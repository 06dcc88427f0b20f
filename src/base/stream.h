/* Byte streams: sinks are pushed to, sources are pulled from; filters are both.
 *
 * A chain of sinks is built from its end: file or object first, then what
 * stands in front of it (hash, encryption, gzip). finish() flushes and commits
 * the whole chain; freeing an unfinished sink aborts it: nothing becomes
 * visible. A source reads to its end and reports damage as CORRUPT. */
#pragma once

#include "base/limit.h"

typedef struct Sink Sink;

typedef struct {
    bool (*write)(Sink *sink, const void *data, size_t length, GError **error);
    bool (*finish)(Sink *sink, GError **error); /* at most once, nothing after it */
    void (*free)(Sink *sink);                   /* aborts when not finished */
} SinkClass;

/* The first member of every sink's own struct. */
struct Sink {
    const SinkClass *klass;
};

bool sink_write(Sink *sink, const void *data, size_t length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool sink_finish(Sink *sink, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void sink_free(Sink *sink); /* NULL allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sink, sink_free)

/* Appends to a buffer that the caller owns; fails with LIMIT past `limit` bytes. */
Sink *sink_buffer_new(GByteArray *buffer, size_t limit);

/* Hashes what passes and forwards it to `next` (taken over). `hex`, 65 bytes of
 * the caller's, holds the SHA-256 as lower-case hex after finish; `size`, which
 * may be NULL, the number of bytes. */
Sink *sink_sha256_new(Sink *next, char *hex, guint64 *size);

/* gzip (RFC 1952) by ISA-L. level 1 to 3. Takes `next` over. */
Sink *sink_gzip_new(Sink *next, int level);

typedef struct Source Source;

typedef struct {
    /* Reads up to length (> 0) bytes: the number read, 0 at the end, -1 on error. */
    gssize (*read)(Source *source, void *data, size_t length, GError **error);
    void (*free)(Source *source);
} SourceClass;

struct Source {
    const SourceClass *klass;
};

gssize source_read(Source *source, void *data, size_t length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void source_free(Source *source); /* NULL allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Source, source_free)

/* Reads from memory; takes the bytes' reference over. */
Source *source_bytes_new(GBytes *bytes);

/* Un-gzips, members after each other included, as Go's reader does. Takes
 * `next` over. Stops with LIMIT past archive_size and ratio of `limits` (NULL: the default ones), which are copied. */
Source *source_gunzip_new(Source *next, const Limits *limits);

/* Forwards and hashes; `hex` (65 bytes) is filled when the end is reached. */
Source *source_sha256_new(Source *next, char *hex, guint64 *size);

/* Reads all, at most `limit` bytes (LIMIT past that). */
GBytes *source_read_all(Source *source, size_t limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same with file_size of `limits` (NULL: the default ones). */
GBytes *source_read_file(Source *source, const Limits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Copies all of source into sink; does not finish it. */
bool stream_copy(Source *source, Sink *sink, GError **error) G_GNUC_WARN_UNUSED_RESULT;
