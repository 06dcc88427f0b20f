#include "base/table.h"

#include "base/colour.h"
#include "base/text.h"

#include <stdarg.h>

struct Table {
    GPtrArray *cells; /* heads first, then row after row */
    guint columns;
    int coloured; /* a column, or -1 */
};

Table *table_new(const char *const *heads) {
    Table *table = g_new0(Table, 1);
    table->coloured = -1;
    table->cells = g_ptr_array_new_with_free_func(g_free);
    for (; *heads; heads++, table->columns++)
        g_ptr_array_add(table->cells, g_strdup(*heads));
    return table;
}

void table_add_row(Table *table, const char *const *cells) {
    for (guint i = 0; i < table->columns; i++)
        g_ptr_array_add(table->cells, text_printable(cells[i]));
}

void table_add(Table *table, const char *first, ...) {
    g_autofree const char **cells = g_new0(const char *, table->columns);
    va_list rest;
    va_start(rest, first);
    for (guint i = 0; i < table->columns; i++)
        cells[i] = i ? va_arg(rest, const char *) : first;
    va_end(rest);
    table_add_row(table, cells);
}

void table_colour(Table *table, unsigned column) {
    table->coloured = (int)column;
}

void table_print(const Table *table, FILE *out, bool with_heads) {
    g_autofree glong *widths = g_new0(glong, table->columns);
    for (guint i = with_heads ? 0 : table->columns; i < table->cells->len; i++)
        widths[i % table->columns] =
            MAX(widths[i % table->columns], g_utf8_strlen(g_ptr_array_index(table->cells, i), -1));
    for (guint i = with_heads ? 0 : table->columns; i < table->cells->len; i++) {
        const char *cell = g_ptr_array_index(table->cells, i);
        guint column = i % table->columns;
        Colour colour = i >= table->columns && (int)column == table->coloured ? colour_of_word(cell) : COLOUR_NONE;
        fprintf(out, "%s%s%s", colour_begin(out, colour), cell, colour_end(out, colour));
        if (column + 1 == table->columns)
            fputc('\n', out);
        else
            fprintf(out, "%*s", (int)(widths[column] - g_utf8_strlen(cell, -1) + 3), "");
    }
}

void table_free(Table *table) {
    if (!table)
        return;
    g_ptr_array_unref(table->cells);
    g_free(table);
}
