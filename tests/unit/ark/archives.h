/* Backups' archives of tests, made of a few members. */
#pragma once

#include "ark/index.h"
#include "base/tar.h"

#include <string.h>

typedef struct {
    const char *path, *content;
} Member;

/* members: up to one whose path is NULL. */
static inline GBytes *archive(const Member *members) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    g_autoptr(Sink) sink = sink_gzip_new(sink_buffer_new(buffer, 1 << 28), 1);
    g_autoptr(TarWriter) writer = tar_writer_new(sink, &error);
    for (; members->path; members++)
        g_assert_true(tar_writer_add(writer, members->path, members->content, strlen(members->content), 0, &error));
    g_assert_true(tar_writer_finish(writer, &error) && sink_finish(sink, &error));
    g_assert_no_error(error);
    return g_bytes_new(buffer->data, buffer->len);
}

static inline ArkIndex *archive_index(const Member *members, const ArkIndexOptions *options) {
    g_autoptr(GError) error = NULL;
    ArkIndex *index = ark_index_read(source_bytes_new(archive(members)), options, &error);
    g_assert_no_error(error);
    return index;
}
