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
    char *path, *target; /* of the present entry, in UTF-8 */
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

void tar_reader_tell_special(TarReader *reader, TarSkipFunc func, void *data) {
    reader->on_skip = func;
    reader->on_skip_data = data;
}

bool tar_path_is_safe(const char *path) {
    if (!*path || *path == '/')
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
    g_autofree char *cut = g_strndup(*path ? path : "(no name)", SHOWN_MAX);
    g_autofree char *whole = text_printable(cut);
    return g_strconcat(whole, strlen(path) > SHOWN_MAX ? "..." : "", NULL);
}

static bool entry_within_limits(TarReader *reader, const char *path, GError **error) {
    const Limits *limits = &reader->limits;
    gint64 size = archive_entry_size(reader->entry);
    if (limits->entries && ++reader->entries > limits->entries) {
        limit_reached(error, "entries", "the archive has more than %" G_GINT64_FORMAT " entries", limits->entries);
        return false;
    }
    g_autofree char *shown = shown_path(path);
    if (limits->path_length && strlen(path) > (guint64)limits->path_length) {
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

static TarKind kind_of(struct archive_entry *entry) {
    if (archive_entry_hardlink(entry))
        return TAR_HARD_LINK;
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG: return TAR_FILE;
    case AE_IFDIR: return TAR_FOLDER;
    case AE_IFLNK: return TAR_SYMBOLIC_LINK;
    default: return TAR_OTHER;
    }
}

/* Whether libarchive warns of nothing but a name that is not UTF-8, which it gives as it stands. */
static bool is_odd_name(const char *path, const char *target) {
    return path && (!g_utf8_validate(path, -1, NULL) || (target && !g_utf8_validate(target, -1, NULL)));
}

/* Reads the next head and keeps its names: libarchive's result. */
static int read_head(TarReader *reader) {
    locale_t before = uselocale(reader->utf8);
    int result = archive_read_next_header(reader->archive, &reader->entry);
    bool read = result == ARCHIVE_OK || result == ARCHIVE_WARN;
    const char *path = read ? archive_entry_pathname(reader->entry) : NULL, *target = NULL;
    if (read && kind_of(reader->entry) == TAR_HARD_LINK)
        target = archive_entry_hardlink(reader->entry);
    else if (read)
        target = archive_entry_symlink(reader->entry);
    if (result == ARCHIVE_WARN && is_odd_name(path, target))
        result = ARCHIVE_OK;
    g_free(reader->path);
    g_free(reader->target);
    reader->path = text_utf8(path ? path : "");
    reader->target = target ? text_utf8(target) : NULL;
    uselocale(before);
    return result;
}

int tar_reader_next_entry(TarReader *reader, TarEntry *out, GError **error) {
    int result = read_head(reader);
    if (result == ARCHIVE_EOF)
        return 0;
    if (result != ARCHIVE_OK) {
        tar_reader_fail(reader, error);
        return -1;
    }
    if (!entry_within_limits(reader, reader->path, error))
        return -1;
    gint64 size = archive_entry_size(reader->entry);
    *out = (TarEntry){kind_of(reader->entry), reader->path, reader->target, tar_path_is_safe(reader->path),
                      (guint64)MAX(size, 0)};
    return 1;
}

/* Whether tar_reader_next() passes over the entry; an error where it may not. */
static bool pass_over(const TarReader *reader, const TarEntry *entry, GError **error) {
    if (entry->safe && entry->kind == TAR_FOLDER)
        return true;
    const char *wrong =
        entry->kind == TAR_FILE || entry->kind == TAR_FOLDER ? "outside its directory" : "not a regular file";
    g_autofree char *shown = shown_path(entry->path);
    if (reader->on_skip) {
        reader->on_skip(shown, wrong, reader->on_skip_data);
        return true;
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "the archive holds \"%s\", which is %s; such an entry is never there rightly", shown, wrong);
    return false;
}

int tar_reader_next(TarReader *reader, const char **out_path, guint64 *out_size, GError **error) {
    TarEntry entry;
    int more;
    while ((more = tar_reader_next_entry(reader, &entry, error)) > 0) {
        if (entry.safe && entry.kind == TAR_FILE) {
            *out_path = entry.path;
            if (out_size)
                *out_size = entry.size;
            return 1;
        }
        if (!pass_over(reader, &entry, error))
            return -1;
    }
    return more;
}

/* Some of the present entry's content, of which `length` bytes are still to come: at least one, or -1. */
static gssize read_content(TarReader *reader, void *data, size_t length, GError **error) {
    la_ssize_t count = archive_read_data(reader->archive, data, length);
    if (count > 0)
        return count;
    if (count == 0)
        archive_set_error(reader->archive, ARCHIVE_FATAL, "%s ends too early", reader->path);
    tar_reader_fail(reader, error);
    return -1;
}

bool tar_reader_read(TarReader *reader, GByteArray *buffer, GError **error) {
    size_t size = (size_t)archive_entry_size(reader->entry);
    guint start = buffer->len;
    if (size > G_MAXINT - start) { /* also a size below zero */
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s is too large to be read as a whole", reader->path);
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
    g_free(reader->path);
    g_free(reader->target);
    freelocale(reader->utf8);
    g_clear_error(&reader->failure);
    g_free(reader);
}
