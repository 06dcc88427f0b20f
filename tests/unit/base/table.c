/* Tables as they are printed. */
#include "base/colour.h"
#include "base/table.h"

#include <stdlib.h>

static char *printed(const Table *table, bool with_heads) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    table_print(table, out, with_heads);
    fclose(out);
    return text;
}

static void test_columns(void) {
    g_autoptr(Table) table = table_new((const char *[]){"NAME", "STATUS", "AGE", NULL});
    table_add(table, "nightly-with-a-long-name", "Completed", "29d", NULL);
    table_add(table, "x", NULL, "5m30s", NULL);
    table_add_row(table, (const char *[]){"\xc3\xa4\xc3\xb6", "", NULL});
    g_autofree char *text = printed(table, true);
    g_assert_cmpstr(text, ==,
                    "NAME                       STATUS      AGE\n"
                    "nightly-with-a-long-name   Completed   29d\n"
                    "x                          <none>      5m30s\n"
                    "\xc3\xa4\xc3\xb6                                     <none>\n");
}

static void test_without_heads(void) {
    g_autoptr(Table) table = table_new((const char *[]){"A-VERY-LONG-HEAD", "B", NULL});
    g_autofree char *empty = printed(table, false);
    g_assert_cmpstr(empty, ==, "");
    g_autofree char *heads = printed(table, true);
    g_assert_cmpstr(heads, ==, "A-VERY-LONG-HEAD   B\n");
    table_add(table, "1", "2", NULL);
    g_autofree char *text = printed(table, false);
    g_assert_cmpstr(text, ==, "1   2\n");
}

static void test_hostile_cells(void) {
    g_autoptr(Table) table = table_new((const char *[]){"NAME", NULL});
    table_add(table, "a\033[2Jb", NULL);
    table_add(table, "a\nb\tc\rd\x7f", NULL);
    table_add(table, "\xff", NULL);
    table_add(table, "\xe2\x80\xaegnp.exe", NULL); /* right-to-left override */
    table_add(table,
              "\xc2\x9b"
              "2J",
              NULL); /* C1 control */
    g_autofree char *text = printed(table, true);
    g_assert_cmpstr(text, ==, "NAME\na\\x1b[2Jb\na\\nb\\tc\\x0dd\\x7f\n\xef\xbf\xbd\n\\u202egnp.exe\n\\u009b2J\n");
}

static void test_colours(void) {
    static const char *const heads[] = {"NAME", "STATUS", NULL};
    g_autoptr(Table) table = table_new(heads);
    table_add(table, "Failed", "Failed", NULL);
    table_colour(table, 1);
    /* Not on a file. */
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    table_print(table, out, true);
    fclose(out);
    g_assert_null(strchr(text, '\033'));
    free(text);
    g_assert_cmpint(colour_of_word("Completed"), ==, COLOUR_GREEN);
    g_assert_cmpint(colour_of_word("PartiallyFailed"), ==, COLOUR_YELLOW);
    g_assert_cmpint(colour_of_word("Failed"), ==, COLOUR_RED);
    g_assert_cmpint(colour_of_word("nightly"), ==, COLOUR_NONE);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/table/columns", test_columns);
    g_test_add_func("/table/without-heads", test_without_heads);
    g_test_add_func("/table/hostile-cells", test_hostile_cells);
    g_test_add_func("/base/table/colours", test_colours);
    return g_test_run();
}
