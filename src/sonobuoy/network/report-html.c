/* What the probes of a run found as a page that stands alone (report-page.c): causes first, then each probe. */
#include "base/text.h"
#include "sonobuoy/network/report.h"
#include "sonobuoy/report-internal.h"

enum { GRID_NODES = 40, ROWS_MAX = 500, NAMES_MAX = 20, CAUSES_MAX = 1000, COLUMNS_MAX = 40 };

static const char *class_of(NetworkOutcome outcome) {
    static const char *const classes[] = {
        [NETWORK_PASS] = "passed", [NETWORK_UNKNOWN] = "skipped", [NETWORK_WARN] = "other", [NETWORK_FAIL] = "failed"};
    return classes[outcome];
}

/* --- head ---------------------------------------------------------------------------------------------------- */

static void write_title(const NetworkReport *report, FILE *out) {
    static const char *const words[] = {[NETWORK_PASS] = "passed",
                                        [NETWORK_UNKNOWN] = "unknown",
                                        [NETWORK_WARN] = "warnings",
                                        [NETWORK_FAIL] = "failed"};
    NetworkOutcome outcome = network_report_outcome(report);
    g_autofree char *nodes = network_report_nodes(report->matrix);
    report_markup(out,
                  "<header>\n<h1>Network <span class=\"badge %s\">%s</span></h1>\n<p class=\"facts\"><span>%s</span>",
                  class_of(outcome), words[outcome], nodes);
    for (guint i = 0; i < report->matrix->nodes->len; i++) {
        const NetworkMatrixNode *node = network_matrix_node(report->matrix, i);
        if (!node->time)
            continue;
        report_markup(out, "<span>%s</span>", node->time);
        break;
    }
    fprintf(out, "<span>%u findings in %.1f s</span></p>\n", report->matrix->cells->len,
            network_report_seconds(report->matrix));
}

static void write_cards(const NetworkReport *report, FILE *out) {
    static const struct {
        NetworkOutcome outcome;
        const char *class, *label;
    } cards[] = {{NETWORK_FAIL, "is-failed", "failed"},
                 {NETWORK_WARN, "", "warnings"},
                 {NETWORK_UNKNOWN, "", "not tried"},
                 {NETWORK_PASS, "is-passed", "passed"}};
    const guint *counts = report->matrix->counts;
    g_autofree char *causes = g_strdup_printf("%u", report->causes->len);
    fputs("<ul class=\"cards\">\n", out);
    report_page_card(out, "causes", report->causes->len ? "is-failed" : "", causes, "likely causes");
    for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
        g_autofree char *number = g_strdup_printf("%u", counts[cards[i].outcome]);
        report_page_card(out, "probes", counts[cards[i].outcome] ? cards[i].class : "", number, cards[i].label);
    }
    fputs("</ul>\n", out);
    report_page_bar(out, counts[NETWORK_PASS], counts[NETWORK_FAIL], counts[NETWORK_WARN] + counts[NETWORK_UNKNOWN]);
    fputs("</header>\n", out);
}

/* --- causes -------------------------------------------------------------------------------------------------- */

static void write_cause(const NetworkReport *report, guint index, FILE *out) {
    const NetworkCause *cause = report->causes->pdata[index];
    const char *severity = network_outcome_name(cause->severity);
    fprintf(out, "<article data-counts class=\"edge-%s\" id=\"cause-%u\">\n", severity, index + 1);
    report_markup(out, "<h3>%s</h3>\n<p class=\"where\"><span class=\"badge %s\">%s</span> %s", cause->title,
                  class_of(cause->severity), severity, cause->sure);
    if (cause->explains > 1)
        fprintf(out, ", explains %u findings", cause->explains);
    report_markup(out, "</p>\n<p>%s</p>\n<p class=\"fix\">%s</p>\n", cause->seen, cause->fix);
    if (cause->nodes->len > 1) {
        fprintf(out, "<details><summary>Nodes <small>%u</small></summary><p>", cause->nodes->len);
        for (guint i = 0; i < MIN(cause->nodes->len, ROWS_MAX); i++)
            report_markup(out, "%s%s", i ? ", " : "",
                          network_matrix_node(report->matrix, g_array_index(cause->nodes, guint32, i))->name);
        fputs(cause->nodes->len > ROWS_MAX ? ", ...</p></details>\n" : "</p></details>\n", out);
    }
    fputs("</article>\n", out);
}

static void write_causes(const NetworkReport *report, FILE *out) {
    fputs("<section id=\"causes\">\n<h2>Likely causes</h2>\n", out);
    for (guint i = 0; i < MIN(report->causes->len, CAUSES_MAX); i++)
        write_cause(report, i, out);
    if (report->causes->len > CAUSES_MAX)
        fprintf(out, "<p class=\"more\">and %u more, which -o json has</p>\n", report->causes->len - CAUSES_MAX);
    fputs(report->causes->len ? "</section>\n" : "<p class=\"none\">None: all that was tried passed.</p>\n</section>\n",
          out);
}

/* --- the probes in a table ------------------------------------------------------------------------------------- */

static bool has_matrix(const NetworkMatrix *matrix, guint probe, NetworkFamily family) {
    guint counts[NETWORK_OUTCOMES];
    return network_report_counts(matrix, probe, family, counts) && network_probes[probe].to_node &&
           (matrix->nodes->len <= GRID_NODES || counts[NETWORK_FAIL] + counts[NETWORK_WARN] > 0);
}

static void write_probe(const NetworkMatrix *matrix, guint probe, NetworkFamily family, FILE *out) {
    static const NetworkOutcome order[] = {NETWORK_FAIL, NETWORK_WARN, NETWORK_UNKNOWN, NETWORK_PASS};
    guint counts[NETWORK_OUTCOMES];
    const NetworkProbe *kind = &network_probes[probe];
    const char *name = network_family_name(family);
    if (!network_report_counts(matrix, probe, family, counts))
        return;
    g_autofree char *range = network_report_range(matrix, probe, family);
    fputs("<tr class=\"entry\">", out);
    if (has_matrix(matrix, probe, family))
        report_markup(out, "<td><a href=\"#%s%s\">%s</a></td>", kind->id, name, kind->title);
    else
        report_markup(out, "<td>%s</td>", kind->title);
    report_markup(out, "<td>%s</td>", name);
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        fprintf(out, "<td class=\"number%s\">%u</td>", counts[order[i]] ? "" : " zero", counts[order[i]]);
    report_markup(out, "<td class=\"number\">%s</td><td class=\"message\">%s</td></tr>\n", range, kind->what);
}

static void write_probes(const NetworkMatrix *matrix, FILE *out) {
    fputs(
        "<section id=\"probes\">\n<h2>Probes</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>Probe</th><th>Family"
        "</th><th class=\"number\">Failed</th><th class=\"number\">Warnings</th><th class=\"number\">Not tried</th>"
        "<th class=\"number\">Passed</th><th class=\"number\">Values</th><th>Passes where</th></tr></thead>\n<tbody>\n",
        out);
    for (guint probe = 0; probe < network_probes_count; probe++)
        for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++)
            write_probe(matrix, probe, family, out);
    fputs("</tbody>\n</table></div>\n</section>\n", out);
}

/* --- matrices ---------------------------------------------------------------------------------------------------- */

/* What stands in a cell: its value, else a mark; in its title all of it. */
static void write_cell(const NetworkMatrix *matrix, const NetworkCell *cell, FILE *out) {
    static const char *const marks[] = {[NETWORK_PASS] = "\xe2\x9c\x93",
                                        [NETWORK_UNKNOWN] = "?",
                                        [NETWORK_WARN] = "!",
                                        [NETWORK_FAIL] = "\xe2\x9c\x97"};
    if (!cell) {
        fputs("<td></td>", out);
        return;
    }
    g_autofree char *value = cell->has_value ? network_value_text(cell->value) : NULL;
    report_markup(out, "<td class=\"%s\" title=\"%s to %s: %s", class_of((NetworkOutcome)cell->outcome),
                  network_matrix_node(matrix, cell->from)->name, network_matrix_target(matrix, cell),
                  network_outcome_name((NetworkOutcome)cell->outcome));
    if (value)
        report_markup(out, ", %s %s", value, cell->unit ? cell->unit : "");
    if (cell->said)
        report_markup(out, ", %s", cell->said);
    report_markup(out, "\">%s</td>", value ? value : marks[cell->outcome]);
}

static void write_grid(const NetworkMatrix *matrix, guint probe, NetworkFamily family, FILE *out) {
    fputs("<div class=\"scroll\"><table class=\"matrix\">\n<thead><tr><th>from \\ to</th>", out);
    for (guint to = 0; to < matrix->nodes->len; to++) {
        report_markup(out, "<th title=\"%s\">", network_matrix_node(matrix, to)->name);
        fprintf(out, "%u</th>", to + 1);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    for (guint from = 0; from < matrix->nodes->len; from++) {
        fprintf(out, "<tr class=\"entry\"><th>%u ", from + 1);
        report_markup(out, "%s</th>", network_matrix_node(matrix, from)->name);
        for (guint to = 0; to < matrix->nodes->len; to++)
            write_cell(matrix, network_matrix_cell(matrix, probe, family, from, to), out);
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
}

static void write_names(const NetworkMatrix *matrix, const NetworkCell *row, const NetworkCell *end,
                        NetworkOutcome outcome, FILE *out) {
    guint found = 0;
    fputs("<td class=\"message\">", out);
    for (; row < end; row++)
        if (row->outcome == outcome && found++ < NAMES_MAX)
            report_markup(out, "%s<span title=\"%s\">%s</span>", found > 1 ? ", " : "", row->said ? row->said : "",
                          network_matrix_target(matrix, row));
    if (found > NAMES_MAX)
        fprintf(out, " and %u more", found - NAMES_MAX);
    fputs("</td>", out);
}

/* Of many nodes those with something that did not pass. */
static void write_rows(const NetworkMatrix *matrix, guint probe, NetworkFamily family, FILE *out) {
    guint count, all = 0;
    const NetworkCell *cell = network_matrix_cells(matrix, probe, family, &count), *end = cell + count;
    fputs("<div class=\"scroll\"><table>\n<thead><tr><th>From</th><th>Failed to</th><th>Warnings to</th></tr></thead>\n"
          "<tbody>\n",
          out);
    while (cell < end) {
        const NetworkCell *row = cell;
        bool bad = false;
        for (; cell < end && cell->from == row->from; cell++)
            bad = bad || cell->outcome >= NETWORK_WARN;
        if (!bad || ++all > ROWS_MAX)
            continue;
        report_markup(out, "<tr class=\"entry\"><td>%s</td>", network_matrix_node(matrix, row->from)->name);
        write_names(matrix, row, cell, NETWORK_FAIL, out);
        write_names(matrix, row, cell, NETWORK_WARN, out);
        fputs("</tr>\n", out);
    }
    fputs("</tbody>\n</table></div>\n", out);
    if (all > ROWS_MAX)
        fprintf(out, "<p class=\"more\">and %u more nodes, which -o json has</p>\n", all - ROWS_MAX);
}

static void write_matrix(const NetworkMatrix *matrix, guint probe, NetworkFamily family, FILE *out) {
    guint counts[NETWORK_OUTCOMES];
    const char *name = network_family_name(family);
    if (!has_matrix(matrix, probe, family))
        return;
    network_report_counts(matrix, probe, family, counts);
    report_markup(out, "<details class=\"log\" id=\"%s%s\"%s><summary>%s %s ", network_probes[probe].id, name,
                  counts[NETWORK_FAIL] + counts[NETWORK_WARN] ? " open" : "", network_probes[probe].title, name);
    fprintf(out, "<small>%u failed, %u warnings, %u passed</small></summary>\n", counts[NETWORK_FAIL],
            counts[NETWORK_WARN], counts[NETWORK_PASS]);
    (matrix->nodes->len <= GRID_NODES ? write_grid : write_rows)(matrix, probe, family, out);
    fputs("</details>\n", out);
}

static void write_matrices(const NetworkMatrix *matrix, FILE *out) {
    fputs("<section id=\"matrices\">\n<h2>From node to node</h2>\n", out);
    for (guint probe = 0; probe < network_probes_count; probe++)
        for (NetworkFamily family = NETWORK_ANY; family < NETWORK_FAMILIES; family++)
            write_matrix(matrix, probe, family, out);
    fputs("</section>\n", out);
}

/* --- a node's own --------------------------------------------------------------------------------------------------
 */

static void write_own_rows(const NetworkMatrix *matrix, const GArray *columns, FILE *out) {
    guint all = 0;
    for (guint node = 0; node < matrix->nodes->len; node++) {
        if (network_matrix_node(matrix, node)->missing || ++all > ROWS_MAX)
            continue;
        report_markup(out, "<tr class=\"entry\"><th>%s</th>", network_matrix_node(matrix, node)->name);
        for (guint i = 0; i < columns->len; i++)
            write_cell(matrix, network_column_cell(matrix, columns, i, node), out);
        fputs("</tr>\n", out);
    }
}

static void write_own(const NetworkMatrix *matrix, FILE *out) {
    g_autoptr(GArray) columns = network_report_columns(matrix, true);
    fputs("<section id=\"own\">\n<h2>From each node</h2>\n<div class=\"scroll\"><table class=\"matrix\">\n"
          "<thead><tr><th>Node</th>",
          out);
    g_array_set_size(columns, MIN(columns->len, COLUMNS_MAX));
    for (guint i = 0; i < columns->len; i++) {
        const NetworkColumn *column = &g_array_index(columns, NetworkColumn, i);
        report_markup(out, "<th>%s %s <small>%s</small></th>", network_probes[column->probe].id,
                      network_family_name(column->family), (const char *)matrix->targets->pdata[column->target]);
    }
    fputs("</tr></thead>\n<tbody>\n", out);
    write_own_rows(matrix, columns, out);
    fputs("</tbody>\n</table></div>\n", out);
    if (matrix->nodes->len > ROWS_MAX)
        fprintf(out, "<p class=\"more\">The first %d nodes; -o json has all.</p>\n", ROWS_MAX);
    fputs("</section>\n", out);
}

void network_report_html(const NetworkReport *report, FILE *out) {
    report_page_begin(out, "network");
    write_title(report, out);
    write_cards(report, out);
    report_page_search(out, "causes, nodes, probes", "cause");
    fputs("<main>\n", out);
    write_causes(report, out);
    write_probes(report->matrix, out);
    write_matrices(report->matrix, out);
    write_own(report->matrix, out);
    fputs("</main>\n", out);
    report_page_end(out);
}
