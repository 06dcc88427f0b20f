/* Local files: read as a whole, up to a size, and as streams. */
#pragma once

#include "base/stream.h"

#include <stdio.h>

/* The content, with a NUL behind it that `length` (may be NULL) does not count. Devices and pipes will do. Errors name
 * the path; LIMIT past `limit` bytes, which is below 2 GiB. g_free() it. */
char *file_read(const char *path, size_t limit, size_t *length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of an open file, which stays open; `path` is for errors. */
char *file_read_open(int fd, const char *path, size_t limit, size_t *length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes all of it, whatever interrupts; false with errno set. */
bool file_write(int fd, const void *data, size_t length) G_GNUC_WARN_UNUSED_RESULT;
/* As rename(), but replaces nothing: errno is EEXIST where something is of that name. Where the file system cannot see
 * to it, it is looked for first. */
bool file_rename_new(const char *from, const char *to) G_GNUC_WARN_UNUSED_RESULT;
/* An open file, which stays the caller's, as a stream: from its beginning, wherever others read it; and to where it is.
 */
Source *file_source_new(int fd);
Source *file_source_new_at(int fd, guint64 offset); /* from that byte on */
Sink *file_sink_new(int fd);

/* A file that is to stand at `path` whole or not at all: what is written goes to another name beside it until
 * file_replace_finish() puts it in its place; without that it is gone. What is no regular file (a pipe, /dev/stdout) is
 * written to as it is. Errors name the path. */
typedef struct FileReplace FileReplace;
FileReplace *file_replace_new(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
FILE *file_replace_out(FileReplace *file); /* stays the FileReplace's */
bool file_replace_finish(FileReplace *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void file_replace_free(FileReplace *file); /* NULL allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FileReplace, file_replace_free)
