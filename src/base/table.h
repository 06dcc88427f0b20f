/* Tables on stdout as kubectl draws them: upper-case heads, columns three spaces apart. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct Table Table;

/* heads: NULL-terminated. */
Table *table_new(const char *const *heads);
/* One row; exactly as many cells as heads; NULL cells print as <none>. Copied. */
void table_add(Table *table, const char *first, ...) G_GNUC_NULL_TERMINATED;
void table_add_row(Table *table, const char *const *cells);
/* Words in this column that say how something went are coloured (colour_of_word()) where `out` has colours. */
void table_colour(Table *table, unsigned column);
/* Width counts characters (UTF-8), not bytes. Control characters are escaped. */
void table_print(const Table *table, FILE *out, bool with_heads);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)
