#include "ark/plan.h"

struct ArkPlan {
    GHashTable *items; /* "deployments.apps ns/name" -> ArkPlanned */
};

static const char *const actions[] = {[ARK_ITEM_CREATED] = "create",
                                      [ARK_ITEM_UPDATED] = "update",
                                      [ARK_ITEM_SKIPPED] = "keep",
                                      [ARK_ITEM_FAILED] = "refuse"};

const char *ark_plan_action(const ArkPlanItem *item) {
    return actions[item->outcome];
}

yyjson_mut_val *ark_plan_item_json(yyjson_mut_doc *doc, const ArkPlanItem *item) {
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    json_mut_set_string(doc, object, "action", ark_plan_action(item));
    json_mut_set_string(doc, object, "resource", item->group_resource);
    if (item->namespace_)
        json_mut_set_string(doc, object, "namespace", item->namespace_);
    json_mut_set_string(doc, object, "name", item->name);
    json_mut_set(doc, object, "checked", yyjson_mut_bool(doc, !item->unchecked));
    if (item->resource_version)
        json_mut_set_string(doc, object, "resourceVersion", item->resource_version);
    if (item->reason)
        json_mut_set_string(doc, object, "reason", item->reason);
    return object;
}

/* --- a plan to go by -------------------------------------------------------------------------- */

static char *key_of(const char *group_resource, const char *namespace_, const char *name) {
    return g_strdup_printf("%s %s/%s", group_resource, namespace_ ? namespace_ : "", name);
}

static void planned_free(void *data) {
    ArkPlanned *planned = data;
    g_free(planned->resource_version);
    g_free(planned);
}

void ark_plan_free(ArkPlan *plan) {
    if (!plan)
        return;
    g_hash_table_unref(plan->items);
    g_free(plan);
}

static bool is_text_or_missing(yyjson_val *object, const char *key) {
    yyjson_val *value = yyjson_obj_get(object, key);
    return !value || yyjson_is_str(value);
}

static bool read_item(ArkPlan *plan, yyjson_val *item, GError **error) {
    if (!is_text_or_missing(item, "namespace") || !is_text_or_missing(item, "resourceVersion") ||
        !yyjson_is_bool(json_get(item, "checked"))) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID,
                            "an item of the plan has a namespace, resourceVersion or checked of another type");
        return false;
    }
    const char *action = json_get_string(item, "action"), *resource = json_get_string(item, "resource"),
               *name = json_get_string(item, "name");
    guint outcome = 0;
    while (outcome < G_N_ELEMENTS(actions) && g_strcmp0(actions[outcome], action) != 0)
        outcome++;
    if (outcome == G_N_ELEMENTS(actions) || !resource || !name) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "an item of the plan has no resource or name, or the action \"%s\" is none of create, update, "
                    "keep, refuse",
                    action ? action : "");
        return false;
    }
    g_autofree char *key = key_of(resource, json_get_string(item, "namespace"), name);
    if (g_hash_table_contains(plan->items, key)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "the plan has %s twice", key);
        return false;
    }
    ArkPlanned *planned = g_new0(ArkPlanned, 1);
    *planned = (ArkPlanned){.outcome = (ArkItemOutcome)outcome,
                            .unchecked = yyjson_is_false(json_get(item, "checked")),
                            .resource_version = g_strdup(json_get_string(item, "resourceVersion"))};
    g_hash_table_insert(plan->items, g_steal_pointer(&key), planned);
    return true;
}

ArkPlan *ark_plan_read(yyjson_val *document, GError **error) {
    yyjson_val *items = json_get(document, "items"), *item;
    if (g_strcmp0(json_get_string(document, "kind"), "RestorePlan") != 0 || !yyjson_is_arr(items)) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID,
                            "this is no plan; `ark restore plan -o json` writes one");
        return NULL;
    }
    const char *version = json_get_string(document, "apiVersion");
    if (g_strcmp0(version, ARK_PLAN_VERSION) != 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "its apiVersion is %s, not " ARK_PLAN_VERSION
                    ": another version of ark made this plan; make it anew",
                    version ? version : "missing");
        return NULL;
    }
    if (!yyjson_is_obj(json_get(document, "restore"))) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "the plan has no Restore object");
        return NULL;
    }
    g_autoptr(ArkPlan) plan = g_new0(ArkPlan, 1);
    plan->items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, planned_free);
    size_t index, count;
    yyjson_arr_foreach(items, index, count, item) {
        if (!read_item(plan, item, error))
            return NULL;
    }
    return g_steal_pointer(&plan);
}

const ArkPlanned *ark_plan_find(const ArkPlan *plan, const char *group_resource, const char *namespace_,
                                const char *name) {
    g_autofree char *key = key_of(group_resource, namespace_, name);
    return g_hash_table_lookup(plan->items, key);
}
