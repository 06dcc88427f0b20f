#include "sonobuoy/check/corefile.h"

#include <string.h>

enum { BLOCKS_MAX = 1000, PLUGINS_MAX = 1000, TOKENS_MAX = 1000 };

static void block_free(CorefileBlock *block) {
    g_ptr_array_unref(block->zones);
    g_ptr_array_unref(block->plugins);
    g_free(block);
}

static CorefileBlock *block_new(void) {
    CorefileBlock *block = g_new0(CorefileBlock, 1);
    block->zones = g_ptr_array_new_with_free_func(g_free);
    block->plugins = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    return block;
}

static bool wrong(GError **error, guint line, const char *what) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "line %u of the Corefile: %s", line, what);
    return false;
}

/* The words of a line; '#' at a word's begin ends it. Quoted words may have spaces, not line breaks. */
static GStrv words_of(const char *line, size_t length) {
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    const char *end = line + length;
    guint count = 0;
    while (line < end && count++ < TOKENS_MAX) {
        while (line < end && g_ascii_isspace(*line))
            line++;
        if (line == end || *line == '#')
            break;
        bool quoted = *line == '"';
        const char *begin = line += quoted;
        while (line < end && (quoted ? *line != '"' : !g_ascii_isspace(*line)))
            line++;
        g_autofree char *word = g_utf8_make_valid(begin, line - begin);
        g_strv_builder_add(words, word);
        line += quoted && line < end;
    }
    return g_strv_builder_end(words);
}

typedef struct {
    GPtrArray *blocks;
    CorefileBlock *open; /* of blocks; NULL: outside of one */
    guint depth;         /* of braces: 1 is in a block */
} Reading;

/* A line outside of blocks: its zones, which may go on, behind commas, on the next one. */
static bool read_outside(Reading *reading, GStrv words, guint count, bool opens, GError **error) {
    if (reading->blocks->len >= BLOCKS_MAX) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "the Corefile has more than %d blocks", BLOCKS_MAX);
        return false;
    }
    CorefileBlock *block = reading->open ? reading->open : block_new();
    if (!reading->open)
        g_ptr_array_add(reading->blocks, block);
    reading->open = block;
    for (guint i = 0; i < count; i++) {
        g_autofree char *zone = g_strdup(words[i]);
        size_t length = strlen(zone);
        if (length && zone[length - 1] == ',')
            zone[length - 1] = '\0';
        g_ptr_array_add(block->zones, g_steal_pointer(&zone));
    }
    if (opens)
        reading->depth = 1;
    return true;
}

static bool read_line(Reading *reading, GStrv words, guint line, GError **error) {
    guint count = g_strv_length(words);
    if (!count)
        return true;
    if (g_str_equal(words[0], "}")) {
        if (!reading->depth)
            return wrong(error, line, "a brace closes what none has opened");
        if (--reading->depth == 0)
            reading->open = NULL;
        return true;
    }
    bool opens = g_str_equal(words[count - 1], "{");
    guint kept = count - opens;
    if (!reading->depth)
        return read_outside(reading, words, kept, opens, error);
    if (reading->depth == 1) {
        if (reading->open->plugins->len >= PLUGINS_MAX)
            return wrong(error, line, "too many plugins in one block");
        if (opens)
            g_clear_pointer(&words[kept], g_free);
        if (kept)
            g_ptr_array_add(reading->open->plugins, g_strdupv(words));
    }
    reading->depth += opens;
    return true;
}

GPtrArray *corefile_parse(const char *text, size_t length, GError **error) {
    g_autoptr(GPtrArray) blocks = g_ptr_array_new_with_free_func((GDestroyNotify)block_free);
    Reading reading = {blocks, NULL, 0};
    const char *end = text + length;
    for (guint line = 1; text < end; line++) {
        const char *next = memchr(text, '\n', (size_t)(end - text));
        g_auto(GStrv) words = words_of(text, (size_t)((next ? next : end) - text));
        if (!read_line(&reading, words, line, error))
            return NULL;
        text = next ? next + 1 : end;
    }
    if (reading.depth) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "the Corefile ends within a block");
        return NULL;
    }
    return g_steal_pointer(&blocks);
}

char *const *corefile_plugin(const CorefileBlock *block, const char *name) {
    for (guint i = 0; i < block->plugins->len; i++) {
        char *const *plugin = block->plugins->pdata[i];
        if (g_str_equal(plugin[0], name))
            return plugin;
    }
    return NULL;
}

unsigned corefile_port(const char *address) {
    const char *colon = strrchr(address, ':');
    guint64 port = 0;
    return colon && g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXUINT16, &port, NULL) ? (unsigned)port : 0;
}
