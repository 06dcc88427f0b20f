#include "base/tar.h"

#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

/* Names are UTF-8 whatever the user's locale is; libarchive asks the thread's. */
static locale_t utf8_locale(void) {
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!locale)
        g_error("the C library has no locale C.UTF-8");
    return locale;
}

/* --- writing ------------------------------------------------------------------ */

struct TarWriter {
    struct archive *archive;
    struct archive_entry *entry;
    Sink *sink;
    locale_t utf8;
    bool given_up;   /* nothing more goes to the sink */
    GError *failure; /* what the sink said inside libarchive's callback */
};

static la_ssize_t tar_write_out(struct archive *archive, void *data, const void *bytes, size_t length) {
    TarWriter *writer = data;
    if (!writer->given_up)
        writer->given_up = !sink_write(writer->sink, bytes, length, &writer->failure);
    return (la_ssize_t)length; /* told of a failure, libarchive 3.6 loses its buffer */
}

/* The sink's own error where there is one, else libarchive's. */
static bool tar_writer_fail(TarWriter *writer, const char *path, GError **error) {
    const char *reason = archive_error_string(writer->archive);
    if (writer->failure)
        g_propagate_error(error, g_steal_pointer(&writer->failure));
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "cannot add %s to the archive: %s", path,
                    reason ? reason : "it could not be written before");
    return false;
}

TarWriter *tar_writer_new(Sink *sink, GError **error) {
    g_autoptr(TarWriter) writer = g_new0(TarWriter, 1);
    writer->sink = sink;
    writer->archive = archive_write_new();
    writer->entry = archive_entry_new();
    writer->utf8 = utf8_locale();
    /* ustar heads, pax extensions only where a name or size needs them. */
    archive_write_set_format_pax_restricted(writer->archive);
    archive_write_set_bytes_per_block(writer->archive, 64 * 1024);
    archive_write_set_bytes_in_last_block(writer->archive, 1);
    if (archive_write_open(writer->archive, writer, NULL, tar_write_out, NULL) != ARCHIVE_OK) {
        tar_writer_fail(writer, "its head", error);
        return NULL;
    }
    return g_steal_pointer(&writer);
}

/* An entry's head; `type` is libarchive's. */
static bool write_head(TarWriter *writer, const char *path, unsigned type, guint64 size, unsigned mode, gint64 mtime) {
    struct archive_entry *entry = archive_entry_clear(writer->entry);
    archive_entry_set_pathname(entry, path);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, mode);
    archive_entry_set_mtime(entry, mtime, 0);
    locale_t before = uselocale(writer->utf8);
    bool ok = archive_write_header(writer->archive, entry) == ARCHIVE_OK;
    uselocale(before);
    return ok;
}

bool tar_writer_add(TarWriter *writer, const char *path, const void *data, size_t length, gint64 mtime,
                    GError **error) {
    bool ok = write_head(writer, path, AE_IFREG, length, 0755, mtime) &&
              archive_write_data(writer->archive, data, length) == (la_ssize_t)length;
    return (ok && !writer->given_up) || tar_writer_fail(writer, path, error);
}

bool tar_writer_add_source(TarWriter *writer, const char *path, Source *source, guint64 size, unsigned mode,
                           gint64 mtime, GError **error) {
    char piece[64 * 1024];
    if (!write_head(writer, path, AE_IFREG, size, mode, mtime))
        return tar_writer_fail(writer, path, error);
    while (size > 0) {
        gssize count = source_read(source, piece, (size_t)MIN(size, sizeof piece), error);
        if (count < 0)
            return false;
        if (count == 0) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%s became shorter while it was read", path);
            return false;
        }
        if (archive_write_data(writer->archive, piece, (size_t)count) != count || writer->given_up)
            return tar_writer_fail(writer, path, error);
        size -= (guint64)count;
    }
    return true;
}

bool tar_writer_add_folder(TarWriter *writer, const char *path, gint64 mtime, GError **error) {
    return (write_head(writer, path, AE_IFDIR, 0, 0755, mtime) && !writer->given_up) ||
           tar_writer_fail(writer, path, error);
}

bool tar_writer_finish(TarWriter *writer, GError **error) {
    if (archive_write_close(writer->archive) != ARCHIVE_OK || writer->given_up)
        return tar_writer_fail(writer, "its end", error);
    return true;
}

void tar_writer_free(TarWriter *writer) {
    if (!writer)
        return;
    writer->given_up = true; /* freeing an open archive writes its end */
    archive_write_free(writer->archive);
    archive_entry_free(writer->entry);
    freelocale(writer->utf8);
    g_clear_error(&writer->failure);
    g_free(writer);
}

/* --- reading ------------------------------------------------------------------- */

struct TarReader {
    struct archive *archive;
    struct archive_entry *entry; /* the archive's */
    locale_t utf8;
    Source *source;
    Limits limits;
    bool skip_special;
    TarSkipFunc on_skip; /* or NULL */
    void *on_skip_data;
    gint64 entries;
    GError *failure;
    char input[64 * 1024];
};

static la_ssize_t tar_read_in(struct archive *archive, void *data, const void **out_bytes) {
    TarReader *reader = data;
    *out_bytes = reader->input;
    if (reader->failure)
        return -1;
    gssize count = source_read(reader->source, reader->input, sizeof reader->input, &reader->failure);
    if (count < 0)
        archive_set_error(archive, ARCHIVE_FATAL, "the source failed");
    return count;
}

static void tar_reader_fail(TarReader *reader, GError **error) {
    if (reader->failure) {
        g_propagate_error(error, g_steal_pointer(&reader->failure));
        return;
    }
    const char *reason = archive_error_string(reader->archive);
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "the tar archive is damaged: %s",
                reason ? reason : "unknown reason");
}

TarReader *tar_reader_new(Source *source, const Limits *limits, GError **error) {
    g_autoptr(TarReader) reader = g_new0(TarReader, 1);
    reader->source = source;
    reader->utf8 = utf8_locale();
    reader->limits = limits ? *limits : limits_default;
    reader->archive = archive_read_new();
    archive_read_support_format_tar(reader->archive);
    if (archive_read_open(reader->archive, reader, NULL, tar_read_in, NULL) != ARCHIVE_OK) {
        tar_reader_fail(reader, error);
        return NULL;
    }
    return g_steal_pointer(&reader);
}

void tar_reader_skip_special(TarReader *reader) {
    reader->skip_special = true;
}

void tar_reader_tell_special(TarReader *reader, TarSkipFunc func, void *data) {
    reader->on_skip = func;
    reader->on_skip_data = data;
}

/* Whether a path stays below the directory it is unpacked into. */
static bool path_is_safe(const char *path) {
    if (!path || !*path || *path == '/')
        return false;
    for (const char *part = path; part;) {
        const char *slash = strchr(part, '/');
        size_t length = slash ? (size_t)(slash - part) : strlen(part);
        if (length == 2 && part[0] == '.' && part[1] == '.')
            return false;
        part = slash ? slash + 1 : NULL;
    }
    return true;
}

/* A path as errors show it, cut where it is long. g_free() it. */
static char *shown_path(const char *path) {
    enum { SHOWN_MAX = 200 };
    g_autofree char *cut = g_strndup(path ? path : "(no name)", SHOWN_MAX);
    g_autofree char *whole = text_printable(cut);
    return g_strconcat(whole, path && strlen(path) > SHOWN_MAX ? "..." : "", NULL);
}

static bool entry_within_limits(TarReader *reader, const char *path, GError **error) {
    const Limits *limits = &reader->limits;
    gint64 size = archive_entry_size(reader->entry);
    if (limits->entries && ++reader->entries > limits->entries) {
        limit_reached(error, "entries", "the archive has more than %" G_GINT64_FORMAT " entries", limits->entries);
        return false;
    }
    g_autofree char *shown = shown_path(path);
    if (limits->path_length && path && strlen(path) > (guint64)limits->path_length) {
        limit_reached(error, "path-length", "the archive holds \"%s\", a path longer than %" G_GINT64_FORMAT " bytes",
                      shown, limits->path_length);
        return false;
    }
    if (limits->entry_size && size > limits->entry_size) {
        g_autofree char *most = bytes_format((guint64)limits->entry_size);
        limit_reached(error, "entry-size", "\"%s\" in the archive has %" G_GINT64_FORMAT " bytes, more than %s", shown,
                      size, most);
        return false;
    }
    return true;
}

static const char *what_is_wrong(bool plain) {
    return plain ? "outside its directory" : "not a regular file";
}

/* Whether the entry is to be passed over with a word. */
static bool entry_is_skipped(const TarReader *reader, const char *path, bool plain) {
    bool folder = archive_entry_filetype(reader->entry) == AE_IFDIR;
    if (!reader->on_skip || (path_is_safe(path) && (plain || folder)))
        return false;
    g_autofree char *shown = shown_path(path);
    reader->on_skip(shown, what_is_wrong(plain || folder), reader->on_skip_data);
    return true;
}

/* Regular files that stay below their directory, and directories. */
static bool entry_is_allowed(const TarReader *reader, const char *path, bool plain, GError **error) {
    if (path_is_safe(path) && (plain || reader->skip_special || archive_entry_filetype(reader->entry) == AE_IFDIR))
        return true;
    g_autofree char *shown = shown_path(path);
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "the archive holds \"%s\", which is %s; such an entry is never there rightly", shown,
                what_is_wrong(plain));
    return false;
}

int tar_reader_next(TarReader *reader, const char **out_path, guint64 *out_size, GError **error) {
    for (;;) {
        locale_t before = uselocale(reader->utf8);
        int result = archive_read_next_header(reader->archive, &reader->entry);
        const char *path = result == ARCHIVE_OK ? archive_entry_pathname(reader->entry) : NULL;
        uselocale(before);
        if (result == ARCHIVE_EOF)
            return 0;
        if (result != ARCHIVE_OK) {
            tar_reader_fail(reader, error);
            return -1;
        }
        bool plain = archive_entry_filetype(reader->entry) == AE_IFREG && !archive_entry_hardlink(reader->entry);
        if (!entry_within_limits(reader, path, error))
            return -1;
        if (entry_is_skipped(reader, path, plain))
            continue;
        if (!entry_is_allowed(reader, path, plain, error))
            return -1;
        if (!plain)
            continue;
        *out_path = path;
        if (out_size)
            *out_size = (guint64)archive_entry_size(reader->entry);
        return 1;
    }
}

/* Some of the present entry's content, of which `length` bytes are still to come: at least one, or -1. */
static gssize read_content(TarReader *reader, void *data, size_t length, GError **error) {
    la_ssize_t count = archive_read_data(reader->archive, data, length);
    if (count > 0)
        return count;
    if (count == 0)
        archive_set_error(reader->archive, ARCHIVE_FATAL, "%s ends too early", archive_entry_pathname(reader->entry));
    tar_reader_fail(reader, error);
    return -1;
}

bool tar_reader_read(TarReader *reader, GByteArray *buffer, GError **error) {
    size_t size = (size_t)archive_entry_size(reader->entry);
    guint start = buffer->len;
    if (size > G_MAXINT - start) { /* also a size below zero */
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s is too large to be read as a whole",
                    archive_entry_pathname(reader->entry));
        return false;
    }
    g_byte_array_set_size(buffer, start + (guint)size);
    for (size_t done = 0; done < size;) {
        gssize count = read_content(reader, buffer->data + start + done, size - done, error);
        if (count < 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

typedef struct {
    Source source;
    TarReader *reader;
    guint64 left;
} ContentSource;

static gssize content_read(Source *source, void *data, size_t length, GError **error) {
    ContentSource *self = (ContentSource *)source;
    if (self->left == 0)
        return 0;
    gssize count = read_content(self->reader, data, MIN(length, self->left), error);
    self->left -= (guint64)MAX(count, 0);
    return count;
}

static void content_free(Source *source) {
    g_free(source);
}

Source *tar_reader_content(TarReader *reader) {
    static const SourceClass klass = {content_read, content_free};
    ContentSource *self = g_new0(ContentSource, 1);
    self->source.klass = &klass;
    self->reader = reader;
    self->left = (guint64)MAX(archive_entry_size(reader->entry), 0);
    return &self->source;
}

void tar_reader_free(TarReader *reader) {
    if (!reader)
        return;
    archive_read_free(reader->archive);
    freelocale(reader->utf8);
    g_clear_error(&reader->failure);
    g_free(reader);
}
