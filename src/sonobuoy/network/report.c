#include "sonobuoy/network/report.h"

#include <math.h>
#include <string.h>

NetworkOutcome network_report_outcome(const NetworkReport *report) {
    return report->causes->len ? ((const NetworkCause *)report->causes->pdata[0])->severity : NETWORK_PASS;
}

bool network_report_counts(const NetworkMatrix *matrix, guint probe, NetworkFamily family,
                           guint counts[NETWORK_OUTCOMES]) {
    guint count;
    const NetworkCell *cells = network_matrix_cells(matrix, probe, family, &count);
    memset(counts, 0, NETWORK_OUTCOMES * sizeof counts[0]);
    for (guint i = 0; i < count; i++)
        counts[cells[i].outcome]++;
    return count > 0;
}

char *network_value_text(double value) {
    double size = fabs(value);
    return g_strdup_printf(size < 10 && size != round(size) ? "%.2f" : "%.0f", value);
}

char *network_report_range(const NetworkMatrix *matrix, guint probe, NetworkFamily family) {
    guint count;
    const NetworkCell *cells = network_matrix_cells(matrix, probe, family, &count);
    double low = 0, high = 0;
    const char *unit = NULL;
    bool any = false;
    for (guint i = 0; i < count; i++) {
        if (!cells[i].has_value)
            continue;
        low = any ? MIN(low, cells[i].value) : cells[i].value;
        high = any ? MAX(high, cells[i].value) : cells[i].value;
        unit = cells[i].unit ? cells[i].unit : unit;
        any = true;
    }
    g_autofree char *from = network_value_text(low), *to = network_value_text(high);
    if (!any)
        return g_strdup("");
    bool one = g_str_equal(from, to);
    return g_strdup_printf("%s%s%s%s%s", from, one ? "" : " to ", one ? "" : to, unit ? " " : "", unit ? unit : "");
}

double network_report_seconds(const NetworkMatrix *matrix) {
    double seconds = 0;
    for (guint i = 0; i < matrix->nodes->len; i++)
        seconds = MAX(seconds, network_matrix_node(matrix, i)->seconds);
    return seconds;
}

guint network_report_missing(const NetworkMatrix *matrix) {
    guint missing = 0;
    for (guint i = 0; i < matrix->nodes->len; i++)
        missing += network_matrix_node(matrix, i)->missing != NULL;
    return missing;
}

char *network_report_nodes(const NetworkMatrix *matrix) {
    guint nodes = matrix->nodes->len, missing = network_report_missing(matrix);
    gint64 wanted = 0, ready = G_MAXINT64;
    for (guint i = 0; i < nodes; i++) {
        const NetworkMatrixNode *node = network_matrix_node(matrix, i);
        wanted = MAX(wanted, node->wanted);
        ready = node->wanted ? MIN(ready, node->ready) : ready;
    }
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%u node%s", nodes, nodes == 1 ? "" : "s");
    if (missing)
        g_string_append_printf(text, ", %u of them without results", missing);
    if (wanted)
        g_string_append_printf(text, "; %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " pods were ready", ready, wanted);
    return g_string_free(text, FALSE);
}

GArray *network_report_columns(const NetworkMatrix *matrix, bool all) {
    GArray *columns = g_array_new(FALSE, FALSE, sizeof(NetworkColumn));
    g_autofree guint *seen = g_new0(guint, matrix->targets->len + 1);
    for (guint place = 0; place < network_probes_count * NETWORK_FAMILIES; place++) {
        NetworkColumn column = {.probe = place / NETWORK_FAMILIES, .family = (NetworkFamily)(place % NETWORK_FAMILIES)};
        guint count;
        const NetworkCell *cells = network_matrix_cells(matrix, column.probe, column.family, &count);
        if (network_probes[column.probe].to_node)
            continue;
        for (guint i = 0; i < count; i++)
            if (all || cells[i].outcome >= NETWORK_WARN)
                seen[cells[i].to] = place + 1;
        for (column.target = 0; count && column.target < matrix->targets->len; column.target++)
            if (seen[column.target] == place + 1)
                g_array_append_val(columns, column);
    }
    return columns;
}

const NetworkCell *network_column_cell(const NetworkMatrix *matrix, const GArray *columns, guint column, guint node) {
    const NetworkColumn *one = &g_array_index(columns, NetworkColumn, column);
    return network_matrix_cell(matrix, one->probe, one->family, node, one->target);
}
