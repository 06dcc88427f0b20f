#include "base/text.h"

#include <stdarg.h>
#include <string.h>

static char *printable_but(const char *text, const char *kept) {
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(strlen(valid));
    for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
        gunichar character = g_utf8_get_char(c);
        if (g_unichar_isprint(character) || strchr(kept, *c))
            g_string_append_unichar(out, character);
        else if (character == '\n' || character == '\t')
            g_string_append(out, character == '\n' ? "\\n" : "\\t");
        else
            g_string_append_printf(out, character < 0x80 ? "\\x%02x" : "\\u%04x", character);
    }
    return g_string_free(out, FALSE);
}

char *text_printable(const char *text) {
    return printable_but(text ? text : "<none>", "");
}

char *text_printable_lines(const char *text) {
    return printable_but(text ? text : "<none>", "\n\t");
}

void text_print(FILE *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *shown = text_printable_lines(text);
    fputs(shown, out);
}

char *text_utf8(const char *text) {
    GString *out = g_string_sized_new(strlen(text));
    const char *end;
    while (!g_utf8_validate(text, -1, &end)) {
        g_string_append_len(out, text, end - text);
        g_string_append_printf(out, "\xef\xbf\xbd%02X", (unsigned char)*end);
        text = end + 1;
    }
    return g_string_free(g_string_append(out, text), FALSE);
}

/* --- the nearest ------------------------------------------------------------------------- */

static guint distance(const char *a, const char *b) {
    size_t columns = strlen(b) + 1;
    g_autofree guint *row = g_new(guint, columns);
    for (guint i = 0; i < columns; i++)
        row[i] = i;
    for (size_t line = 0; a[line]; line++) {
        guint diagonal = row[0];
        row[0] = (guint)line + 1;
        for (size_t column = 1; column < columns; column++) {
            guint above = row[column];
            bool differ = g_ascii_tolower(a[line]) != g_ascii_tolower(b[column - 1]);
            row[column] = MIN(MIN(above, row[column - 1]) + 1, diagonal + differ);
            diagonal = above;
        }
    }
    return row[columns - 1];
}

const char *text_nearest(const char *word, const char *const *candidates) {
    /* A part of the candidate is as near as two wrong letters; shorter ones are parts of too much. */
    enum { PART_MIN = 3, PART_DISTANCE = 2 };
    const char *best = NULL;
    guint best_distance = (guint)strlen(word) / 3 + 2;
    if (strlen(word) > 100)
        return NULL;
    for (; *candidates; candidates++) {
        guint far = distance(word, *candidates);
        if (strlen(word) >= PART_MIN && strstr(*candidates, word))
            far = MIN(far, PART_DISTANCE);
        if (far < best_distance) {
            best = *candidates;
            best_distance = far;
        }
    }
    return best;
}

char *text_did_you_mean(const char *nearest) {
    return nearest ? g_strdup_printf("; did you mean %s?", nearest) : g_strdup("");
}
