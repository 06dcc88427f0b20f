#include "sonobuoy/network/report.h"

#include <string.h>

/* --- the document -------------------------------------------------------------------------------------------- */

static void set_number(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, double value) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    json_mut_set(doc, object, key, yyjson_mut_rawcpy(doc, g_ascii_formatd(text, sizeof text, "%.7g", value)));
}

static yyjson_mut_val *node_json(const NetworkMatrixNode *node, yyjson_mut_doc *doc) {
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    json_mut_set_string(doc, value, "name", node->name);
    if (node->missing) {
        json_mut_set_string(doc, value, "missing", node->missing);
        return value;
    }
    if (node->time)
        json_mut_set_string(doc, value, "time", node->time);
    set_number(doc, value, "seconds", node->seconds);
    if (node->mtu)
        yyjson_mut_obj_add_sint(doc, value, "mtu", node->mtu);
    yyjson_mut_val *pods = json_mut_ensure_object(doc, value, "pods");
    yyjson_mut_obj_add_sint(doc, pods, "wanted", node->wanted);
    yyjson_mut_obj_add_sint(doc, pods, "ready", node->ready);
    return value;
}

static yyjson_mut_val *cause_json(const NetworkMatrix *matrix, const NetworkCause *cause, yyjson_mut_doc *doc) {
    yyjson_mut_val *value = yyjson_mut_obj(doc), *nodes = yyjson_mut_arr(doc);
    json_mut_set_string(doc, value, "id", cause->id);
    json_mut_set_string(doc, value, "severity", network_outcome_name(cause->severity));
    json_mut_set_string(doc, value, "sure", cause->sure);
    json_mut_set_string(doc, value, "title", cause->title);
    json_mut_set_string(doc, value, "seen", cause->seen);
    json_mut_set_string(doc, value, "fix", cause->fix);
    for (guint i = 0; i < cause->nodes->len; i++)
        yyjson_mut_arr_add_strcpy(doc, nodes,
                                  network_matrix_node(matrix, g_array_index(cause->nodes, guint32, i))->name);
    json_mut_set(doc, value, "nodes", nodes);
    yyjson_mut_obj_add_uint(doc, value, "explains", cause->explains);
    return value;
}

static void write_finding(const NetworkMatrix *matrix, const NetworkCell *cell, FILE *out) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *value = yyjson_mut_obj(doc);
    json_mut_set_string(doc, value, "probe", network_probes[cell->probe].id);
    if (cell->family)
        json_mut_set_string(doc, value, "family", network_family_name((NetworkFamily)cell->family));
    json_mut_set_string(doc, value, "from", network_matrix_node(matrix, cell->from)->name);
    json_mut_set_string(doc, value, "to", network_matrix_target(matrix, cell));
    json_mut_set_string(doc, value, "outcome", network_outcome_name((NetworkOutcome)cell->outcome));
    if (cell->has_value)
        set_number(doc, value, "value", cell->value);
    if (cell->has_value && cell->unit)
        json_mut_set_string(doc, value, "unit", cell->unit);
    if (cell->said)
        json_mut_set_string(doc, value, "said", cell->said);
    g_autofree char *text = json_mut_write(value, NULL);
    fputs(text, out);
}

void network_report_json(const NetworkReport *report, FILE *out) {
    static const NetworkOutcome order[] = {NETWORK_PASS, NETWORK_WARN, NETWORK_FAIL, NETWORK_UNKNOWN};
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    const NetworkMatrix *matrix = report->matrix;
    yyjson_mut_val *root = yyjson_mut_obj(doc), *nodes = yyjson_mut_arr(doc), *causes = yyjson_mut_arr(doc);
    json_mut_set_string(doc, root, "format", "seaworthy.sonobuoy.network-report/1");
    json_mut_set_string(doc, root, "outcome", network_outcome_name(network_report_outcome(report)));
    yyjson_mut_val *summary = json_mut_ensure_object(doc, root, "summary");
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        yyjson_mut_obj_add_uint(doc, summary, network_outcome_name(order[i]), matrix->counts[order[i]]);
    for (guint i = 0; i < matrix->nodes->len; i++)
        yyjson_mut_arr_append(nodes, node_json(network_matrix_node(matrix, i), doc));
    json_mut_set(doc, root, "nodes", nodes);
    for (guint i = 0; i < report->causes->len; i++)
        yyjson_mut_arr_append(causes, cause_json(matrix, report->causes->pdata[i], doc));
    json_mut_set(doc, root, "causes", causes);
    /* Findings are many: they are written one by one, in front of the end of the object. */
    size_t length;
    g_autofree char *head = json_mut_write_pretty(root, &length);
    fprintf(out, "%.*s,\n  \"findings\": [", (int)(length - strlen("\n}\n")), head);
    for (guint i = 0; i < matrix->cells->len; i++) {
        fputs(i ? ",\n    " : "\n    ", out);
        write_finding(matrix, &g_array_index(matrix->cells, NetworkCell, i), out);
    }
    fputs("\n  ]\n}\n", out);
}
