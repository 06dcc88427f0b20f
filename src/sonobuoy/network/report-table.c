#include "base/colour.h"
#include "base/table.h"
#include "base/text.h"
#include "sonobuoy/network/report.h"

#include <string.h>

enum { GRID_NODES = 16, ROWS_SHOWN = 20, NAMES_SHOWN = 4, NAME_WIDTH = 40 };

static const char marks[] = {[NETWORK_PASS] = '.', [NETWORK_UNKNOWN] = '?', [NETWORK_WARN] = '!', [NETWORK_FAIL] = 'X'};
static const Colour colours[] = {[NETWORK_PASS] = COLOUR_GREEN,
                                 [NETWORK_UNKNOWN] = COLOUR_NONE,
                                 [NETWORK_WARN] = COLOUR_YELLOW,
                                 [NETWORK_FAIL] = COLOUR_RED};

typedef struct {
    const NetworkMatrix *matrix;
    bool wide;
    FILE *out;
} Print;

/* --- cells --------------------------------------------------------------------------------------------------- */

/* Fit for a terminal, and for a column. g_free() it. */
static char *short_name(const char *name) {
    g_autofree char *printable = text_printable(name);
    if (g_utf8_strlen(printable, -1) <= NAME_WIDTH)
        return g_steal_pointer(&printable);
    g_autofree char *begin = g_utf8_substring(printable, 0, NAME_WIDTH - 3);
    return g_strconcat(begin, "...", NULL);
}

static void print_padded(FILE *out, const char *text, int width) {
    fprintf(out, "%s%*s", text, (int)MAX(0, width - g_utf8_strlen(text, -1)), "");
}

/* The mark, or with values these; NULL: nothing was probed there. */
static char *cell_text(const Print *print, const NetworkCell *cell) {
    if (!cell)
        return g_strdup("");
    g_autofree char *value = print->wide && cell->has_value ? network_value_text(cell->value) : g_strdup("");
    if (*value && cell->outcome == NETWORK_PASS)
        return g_steal_pointer(&value);
    return g_strdup_printf("%c%s", marks[cell->outcome], value);
}

static void print_cell(const Print *print, const NetworkCell *cell, int width) {
    g_autofree char *text = cell_text(print, cell);
    Colour colour = cell ? colours[cell->outcome] : COLOUR_NONE;
    fprintf(print->out, "%*s%s%s%s", (int)MAX(0, width - (int)strlen(text)), "", colour_begin(print->out, colour), text,
            colour_end(print->out, colour));
}

static int name_width(const NetworkMatrix *matrix) {
    glong width = 0;
    for (guint i = 0; i < matrix->nodes->len; i++) {
        g_autofree char *name = short_name(network_matrix_node(matrix, i)->name);
        width = MAX(width, g_utf8_strlen(name, -1));
    }
    return (int)width;
}

/* --- causes ---------------------------------------------------------------------------------------------------- */

static void print_cause(const NetworkCause *cause, FILE *out) {
    const char *word = network_outcome_name(cause->severity);
    Colour colour = colour_of_word(word);
    fprintf(out, "%s%s%s ", colour_begin(out, colour), word, colour_end(out, colour));
    text_print(out, "%s (%s", cause->title, cause->sure);
    if (cause->explains > 1)
        fprintf(out, ", explains %u findings", cause->explains);
    text_print(out, ")\n  %s\n    %s\n\n", cause->seen, cause->fix);
}

/* --- probes ---------------------------------------------------------------------------------------------------- */

static void print_summary(const Print *print) {
    static const char *const heads[] = {"PROBE", "FAMILY", "PASS", "WARN", "FAIL", "UNKNOWN", "VALUES", NULL};
    g_autoptr(Table) table = table_new(heads);
    for (guint probe = 0; probe < network_probes_count; probe++)
        for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
            guint counts[NETWORK_OUTCOMES];
            if (!network_report_counts(print->matrix, probe, family, counts))
                continue;
            g_autofree char *pass = g_strdup_printf("%u", counts[NETWORK_PASS]),
                            *warn = g_strdup_printf("%u", counts[NETWORK_WARN]),
                            *fail = g_strdup_printf("%u", counts[NETWORK_FAIL]),
                            *unknown = g_strdup_printf("%u", counts[NETWORK_UNKNOWN]),
                            *range = network_report_range(print->matrix, probe, family);
            table_add(table, network_probes[probe].id, family ? network_family_name(family) : "-", pass, warn, fail,
                      unknown, *range ? range : "-", NULL);
        }
    table_print(table, print->out, true);
}

static void print_title(const Print *print, guint probe, NetworkFamily family) {
    guint counts[NETWORK_OUTCOMES];
    network_report_counts(print->matrix, probe, family, counts);
    fprintf(print->out, "\n%s (%s%s%s): %u failed, %u warnings, %u not tried, %u passed\n", network_probes[probe].title,
            network_probes[probe].id, family ? " " : "", network_family_name(family), counts[NETWORK_FAIL],
            counts[NETWORK_WARN], counts[NETWORK_UNKNOWN], counts[NETWORK_PASS]);
}

static int grid_width(const Print *print, guint probe, NetworkFamily family) {
    guint count;
    const NetworkCell *cells = network_matrix_cells(print->matrix, probe, family, &count);
    size_t width = 2;
    for (guint i = 0; i < count; i++) {
        g_autofree char *text = cell_text(print, &cells[i]);
        width = MAX(width, strlen(text));
    }
    return (int)width + 1;
}

static void print_grid(const Print *print, guint probe, NetworkFamily family) {
    int width = grid_width(print, probe, family), names = name_width(print->matrix);
    guint nodes = print->matrix->nodes->len;
    fprintf(print->out, "  from \\ to%*s", MAX(0, names + 3 - 9), "");
    for (guint to = 0; to < nodes; to++)
        fprintf(print->out, "%*u", width, to + 1);
    fputc('\n', print->out);
    for (guint from = 0; from < nodes; from++) {
        g_autofree char *name = short_name(network_matrix_node(print->matrix, from)->name);
        fprintf(print->out, "  %2u ", from + 1);
        print_padded(print->out, name, MAX(names, 6));
        for (guint to = 0; to < nodes; to++)
            print_cell(print, network_matrix_cell(print->matrix, probe, family, from, to), width);
        fputc('\n', print->out);
    }
}

/* --- many nodes -------------------------------------------------------------------------------------------------- */

static void print_targets(const Print *print, const NetworkCell *cells, guint count, NetworkOutcome outcome) {
    guint found = 0;
    for (guint i = 0; i < count; i++) {
        if (cells[i].outcome != outcome)
            continue;
        g_autofree char *name = short_name(network_matrix_target(print->matrix, &cells[i]));
        if (found++ < NAMES_SHOWN) {
            if (found == 1)
                fprintf(print->out, "  %s%c%s", colour_begin(print->out, colours[outcome]), marks[outcome],
                        colour_end(print->out, colours[outcome]));
            fprintf(print->out, "%s%s", found > 1 ? ", " : " ", name);
        }
    }
    if (found > NAMES_SHOWN)
        fprintf(print->out, " and %u more", found - NAMES_SHOWN);
}

/* Rows with what did not pass: "node7  X node1, node5 and 6 more  ! node2". */
static void print_rows(const Print *print, guint probe, NetworkFamily family) {
    guint count, shown = 0, all = 0;
    const NetworkCell *cells = network_matrix_cells(print->matrix, probe, family, &count), *end = cells + count;
    while (cells < end) {
        const NetworkCell *row = cells;
        bool bad = false;
        for (; cells < end && cells->from == row->from; cells++)
            bad = bad || cells->outcome >= NETWORK_WARN;
        if (!bad || ++all > ROWS_SHOWN)
            continue;
        g_autofree char *name = short_name(network_matrix_node(print->matrix, row->from)->name);
        fprintf(print->out, "  %s", name);
        print_targets(print, row, (guint)(cells - row), NETWORK_FAIL);
        print_targets(print, row, (guint)(cells - row), NETWORK_WARN);
        fputc('\n', print->out);
        shown++;
    }
    if (all > shown)
        fprintf(print->out, "  and %u more nodes, which -o json has\n", all - shown);
}

static void print_probes(const Print *print) {
    bool any = false;
    for (guint probe = 0; probe < network_probes_count; probe++)
        for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++) {
            guint counts[NETWORK_OUTCOMES];
            bool small = network_probes[probe].to_node && print->matrix->nodes->len <= GRID_NODES;
            if (!network_probes[probe].to_node || !network_report_counts(print->matrix, probe, family, counts))
                continue;
            if (counts[NETWORK_FAIL] + counts[NETWORK_WARN] == 0 && !(print->wide && small))
                continue;
            if (!any && small)
                fputs("\n. passed  X failed  ! warning  ? not tried  (blank: not probed)\n", print->out);
            any = true;
            print_title(print, probe, family);
            if (small)
                print_grid(print, probe, family);
            else if (counts[NETWORK_PASS])
                print_rows(print, probe, family);
            else
                fputs("  from each node to each that it tried\n", print->out);
        }
}

/* --- a node's own ------------------------------------------------------------------------------------------------- */

static void print_columns(const Print *print, const GArray *columns) {
    for (guint i = 0; i < columns->len; i++) {
        const NetworkColumn *column = &g_array_index(columns, NetworkColumn, i);
        text_print(print->out, "  %c %s%s%s %s\n", 'a' + (int)(i % 26), network_probes[column->probe].id,
                   column->family ? " " : "", network_family_name(column->family),
                   (const char *)print->matrix->targets->pdata[column->target]);
    }
}

static void print_own_row(const Print *print, const GArray *columns, guint node, int names, int width) {
    g_autofree char *name = short_name(network_matrix_node(print->matrix, node)->name);
    fputs("  ", print->out);
    print_padded(print->out, name, names);
    for (guint i = 0; i < columns->len; i++)
        print_cell(print, network_column_cell(print->matrix, columns, i, node), width);
    fputc('\n', print->out);
}

static bool own_is_bad(const Print *print, const GArray *columns, guint node) {
    for (guint i = 0; i < columns->len; i++) {
        const NetworkCell *cell = network_column_cell(print->matrix, columns, i, node);
        if (cell && cell->outcome >= NETWORK_WARN)
            return true;
    }
    return false;
}

/* The columns are letters, each told below them: names of hosts are long. */
static void print_own(const Print *print) {
    g_autoptr(GArray) columns = network_report_columns(print->matrix, print->wide);
    guint nodes = print->matrix->nodes->len, shown = 0, all = 0;
    int names = name_width(print->matrix), width = print->wide ? 7 : 3;
    if (columns->len == 0)
        return;
    if (columns->len > 26)
        g_array_set_size(columns, 26);
    fputs("\nFrom each node:\n", print->out);
    print_columns(print, columns);
    fprintf(print->out, "  %*s", names, "");
    for (guint i = 0; i < columns->len; i++)
        fprintf(print->out, "%*c", width, 'a' + (int)i);
    fputc('\n', print->out);
    for (guint node = 0; node < nodes; node++) {
        if (nodes > GRID_NODES && !own_is_bad(print, columns, node))
            continue;
        if (++all > ROWS_SHOWN)
            continue;
        print_own_row(print, columns, node, names, width);
        shown++;
    }
    if (all > shown)
        fprintf(print->out, "  and %u more nodes, which -o json has\n", all - shown);
}

/* --- all ------------------------------------------------------------------------------------------------------ */

void network_report_table(const NetworkReport *report, bool wide, FILE *out) {
    const NetworkMatrix *matrix = report->matrix;
    Print print = {matrix, wide, out};
    g_autofree char *nodes = network_report_nodes(matrix);
    fprintf(out, "%s; %u findings in %.1f s: %u passed, %u warnings, %u failed, %u not tried\n\n", nodes,
            matrix->cells->len, network_report_seconds(matrix), matrix->counts[NETWORK_PASS],
            matrix->counts[NETWORK_WARN], matrix->counts[NETWORK_FAIL], matrix->counts[NETWORK_UNKNOWN]);
    for (guint i = 0; i < report->causes->len; i++)
        print_cause(report->causes->pdata[i], out);
    print_summary(&print);
    print_probes(&print);
    print_own(&print);
}
