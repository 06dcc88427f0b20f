/* A plan as it comes, and how it is printed. */
#include "ark/cli/plan-report.h"

#include "ark/cli/differences.h"
#include "base/table.h"
#include "base/text.h"

#include <stdio.h>

struct PlanReport {
    bool show_secrets;
    yyjson_mut_doc *doc;
    yyjson_mut_val *items;
    guint64 counts[ARK_ITEM_FAILED + 1]; /* by outcome */
    guint64 unchecked, differ;
};

const char *const plan_report_forms[] = {"table", "wide", "json", "yaml", NULL};

PlanReport *plan_report_new(bool show_secrets) {
    PlanReport *plan = g_new0(PlanReport, 1);
    plan->show_secrets = show_secrets;
    plan->doc = yyjson_mut_doc_new(NULL);
    plan->items = yyjson_mut_arr(plan->doc);
    return plan;
}

void plan_report_free(PlanReport *plan) {
    yyjson_mut_doc_free(plan->doc);
    g_free(plan);
}

/* Whether the labels that every restore writes are all that changes. */
static bool is_by_labels_alone(yyjson_mut_val *changes) {
    size_t index, count;
    yyjson_mut_val *change;
    yyjson_mut_arr_foreach(changes, index, count, change) {
        const char *path = json_mut_get_string(change, "path");
        if (!g_str_has_prefix(path, "metadata.labels[\"velero.io/"))
            return false;
    }
    return true;
}

void plan_report_take(const ArkPlanItem *item, void *data) {
    PlanReport *plan = data;
    plan->counts[item->outcome]++;
    plan->unchecked += item->unchecked;
    plan->differ += item->outcome == ARK_ITEM_SKIPPED && item->differs;
    yyjson_mut_val *object = ark_plan_item_json(plan->doc, item);
    if (item->before && item->differs)
        json_mut_set(
            plan->doc, object, "changes",
            cli_differences_json(plan->doc, item->group_resource, item->before, item->after, plan->show_secrets));
    yyjson_mut_arr_append(plan->items, object);
}

static void print_table(const PlanReport *plan, bool wide) {
    static const char *const heads[] = {"ACTION", "KIND", "NAMESPACE", "NAME", "NOTE", NULL};
    size_t index, count;
    yyjson_mut_val *item;
    g_autoptr(Table) table = table_new(heads);
    yyjson_mut_arr_foreach(plan->items, index, count, item) {
        const char *action = json_mut_get_string(item, "action"), *space = json_mut_get_string(item, "namespace"),
                   *reason = json_mut_get_string(item, "reason");
        if (g_str_equal(action, "keep") && !reason && !wide)
            continue;
        bool unchecked = yyjson_mut_is_false(json_mut_get(item, "checked"));
        yyjson_mut_val *changes = json_mut_get(item, "changes");
        table_add(table, action, json_mut_get_string(item, "resource"), space ? space : "",
                  json_mut_get_string(item, "name"),
                  reason                                   ? reason
                  : unchecked                              ? "not checked"
                  : changes && is_by_labels_alone(changes) ? "labels of the restore alone"
                                                           : "",
                  NULL);
    }
    table_colour(table, 0);
    table_print(table, stdout, true);
}

static void print_changes(const PlanReport *plan) {
    size_t index, count;
    yyjson_mut_val *item, *changes;
    yyjson_mut_arr_foreach(plan->items, index, count, item) {
        if (!(changes = json_mut_get(item, "changes")))
            continue;
        const char *space = json_mut_get_string(item, "namespace");
        text_print(stdout, "\n%s %s %s%s%s\n", json_mut_get_string(item, "action"),
                   json_mut_get_string(item, "resource"), space ? space : "", space ? "/" : "",
                   json_mut_get_string(item, "name"));
        cli_differences_print(changes);
    }
}

static void print_document(const PlanReport *plan, const char *output, yyjson_mut_doc *restore, const char *modifiers) {
    yyjson_mut_doc *doc = plan->doc;
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    json_mut_set_string(doc, root, "apiVersion", ARK_PLAN_VERSION);
    json_mut_set_string(doc, root, "kind", "RestorePlan");
    json_mut_set(doc, root, "restore", yyjson_mut_val_mut_copy(doc, yyjson_mut_doc_get_root(restore)));
    if (modifiers)
        json_mut_set_string(doc, root, "resourceModifiers", modifiers);
    json_mut_set(doc, root, "items", plan->items);
    cli_print_object(root, output);
}

static void report(const PlanReport *plan) {
    const guint64 *counts = plan->counts;
    fprintf(stderr, "Plan: %" G_GUINT64_FORMAT " to create", counts[ARK_ITEM_CREATED]);
    if (plan->unchecked)
        fprintf(stderr, " (%" G_GUINT64_FORMAT " not checked: their namespace or kind comes with the restore)",
                plan->unchecked);
    fprintf(stderr, ", %" G_GUINT64_FORMAT " to update, %" G_GUINT64_FORMAT " there already", counts[ARK_ITEM_UPDATED],
            counts[ARK_ITEM_SKIPPED]);
    if (plan->differ)
        fprintf(stderr, " (%" G_GUINT64_FORMAT " differ and stay)", plan->differ);
    fprintf(stderr, ", %" G_GUINT64_FORMAT " refused.\n", counts[ARK_ITEM_FAILED]);
}

int plan_report_print(const PlanReport *plan, const Common *common, yyjson_mut_doc *restore, const char *modifiers,
                      const ArkRestoreOutcome *outcome) {
    const char *output = common->output ? common->output : "table";
    if (g_str_equal(output, "json") || g_str_equal(output, "yaml")) {
        print_document(plan, output, restore, modifiers);
    } else {
        print_table(plan, g_str_equal(output, "wide"));
        if (common->verbose)
            print_changes(plan);
    }
    report(plan);
    cli_print_results(outcome->results, common->quiet);
    return outcome->errors ? EXIT_PARTLY : EXIT_DONE;
}
