#include "ark/checksums.h"

#include "ark/layout.h"

#include <string.h>

enum { LINE_MAX_BYTES = 16 * 1024 };

typedef struct {
    ArkChecksumFunc func;
    void *data;
    guint64 line, line_max; /* 0: any number */
    bool ended;             /* by func */
} Lines;

/* A line of a path with line breaks has a \ before it, and \n and \\ in it. */
static void unescape(char *line) {
    char *to = line;
    for (const char *from = line + 1; *from; from++) {
        bool escaped = *from == '\\' && (from[1] == 'n' || from[1] == '\\');
        from += escaped;
        *to++ = escaped && *from == 'n' ? '\n' : *from;
    }
    *to = '\0';
}

/* "<64 hex digits>  <path>", which is cut in two. */
static void take_line(Lines *lines, char *line) {
    size_t sum = ARK_SHA256_HEX - 1;
    lines->line++;
    if (*line == '\\')
        unescape(line);
    if (strspn(line, "0123456789abcdef") != sum || strncmp(line + sum, "  ", 2) != 0 || !line[sum + 2]) {
        lines->ended = !lines->func(NULL, line, lines->line, lines->data);
        return;
    }
    line[sum] = '\0';
    lines->ended = !lines->func(line, line + sum + 2, lines->line, lines->data);
}

/* Takes whole lines from the front of the buffer. */
static void take_lines(Lines *lines, GByteArray *buffer) {
    char *at = (char *)buffer->data, *end = at + buffer->len, *line_end;
    while (!lines->ended && at < end && (line_end = memchr(at, '\n', (size_t)(end - at)))) {
        *line_end = '\0';
        take_line(lines, at);
        at = line_end + 1;
    }
    if (at != (char *)buffer->data)
        g_byte_array_remove_range(buffer, 0, (guint)(at - (char *)buffer->data));
}

static bool read_lines(Source *source, Lines *lines, GError **error) {
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    guint8 piece[LINE_MAX_BYTES];
    gssize count;
    while (!lines->ended && (count = source_read(source, piece, sizeof piece, error)) != 0) {
        if (count < 0)
            return false;
        g_byte_array_append(buffer, piece, (guint)count);
        take_lines(lines, buffer);
        if (lines->line_max && lines->line > lines->line_max) {
            limit_reached(error, "entries", "it has more than %" G_GUINT64_FORMAT " lines", lines->line_max);
            return false;
        }
        if (buffer->len > LINE_MAX_BYTES) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CORRUPT, "it is no list of checksums");
            return false;
        }
    }
    if (lines->ended || buffer->len == 0)
        return true;
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CORRUPT, "its last line is not whole");
    return false;
}

bool ark_checksums_each(Store *store, const char *backup, ArkChecksumFunc func, void *data, const Limits *limits,
                        GError **error) {
    g_autofree char *list = ark_layout_key(ARK_FILE_CHECKSUMS, backup);
    Source *stored = store_get(store, list, 0, -1, error);
    g_autoptr(Source) source = stored ? source_gunzip_new(stored, limits) : NULL;
    Lines lines = {func, data, 0, (guint64)(limits ? limits : &limits_default)->entries, false};
    if (source && read_lines(source, &lines, error))
        return true;
    g_prefix_error(error, "%s/%s: ", store_url(store), list);
    return false;
}

typedef struct {
    const char *key;
    char *hex;
    bool found;
} Search;

static bool compare_key(const char *hex, const char *path, guint64 line, void *data) {
    Search *search = data;
    search->found = hex && g_str_equal(path, search->key);
    if (search->found)
        memcpy(search->hex, hex, ARK_SHA256_HEX);
    return !search->found;
}

bool ark_checksums_find(Store *store, const char *backup, const char *key, char hex[ARK_SHA256_HEX],
                        const Limits *limits, GError **error) {
    Search search = {key, hex, false};
    g_autoptr(GError) failure = NULL;
    if (!ark_checksums_each(store, backup, compare_key, &search, limits, &failure) &&
        !g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&failure));
    return search.found;
}

bool ark_checksums_verify(Store *store, const char *backup, const char *key, const char *found, const Limits *limits,
                          GError **error) {
    char recorded[ARK_SHA256_HEX];
    g_autoptr(GError) failure = NULL;
    if (!ark_checksums_find(store, backup, key, recorded, limits, &failure)) {
        if (!failure)
            return true;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (strcmp(recorded, found) == 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "%s/%s is not what was stored: its SHA-256 is %s, recorded is %s; restore another backup, or another "
                "copy of this one",
                store_url(store), key, found, recorded);
    return false;
}
