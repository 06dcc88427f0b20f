#include "ark/modifiers.h"

#include "ark/spec.h"
#include "base/jsonpatch.h"
#include "base/text.h"
#include "base/yaml.h"

#include <string.h>

typedef struct {
    GRegex *group_resource; /* of a glob that '.' separates */
    ArkIncludeExclude namespaces;
    GRegex *name;
    Selector *labels;
    yyjson_doc *matches;          /* [{path, value}], values as JSON; or NULL */
    yyjson_doc *operations;       /* a JSON patch, or NULL */
    GPtrArray *merge_patches;     /* yyjson_doc */
    GPtrArray *strategic_patches; /* yyjson_doc */
} Rule;

struct ArkModifiers {
    GPtrArray *rules;
};

static void rule_free(void *data) {
    Rule *rule = data;
    g_clear_pointer(&rule->group_resource, g_regex_unref);
    ark_include_exclude_clear(&rule->namespaces);
    g_clear_pointer(&rule->name, g_regex_unref);
    selector_free(rule->labels);
    yyjson_doc_free(rule->matches);
    yyjson_doc_free(rule->operations);
    g_clear_pointer(&rule->merge_patches, g_ptr_array_unref);
    g_clear_pointer(&rule->strategic_patches, g_ptr_array_unref);
    g_free(rule);
}

void ark_modifiers_free(ArkModifiers *modifiers) {
    if (!modifiers)
        return;
    g_ptr_array_unref(modifiers->rules);
    g_free(modifiers);
}

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool refuse(GError **error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", text);
    return false;
}

static bool check_keys(yyjson_val *object, const char *const *known, const char *what, GError **error) {
    yyjson_val *key, *value;
    if (!yyjson_is_obj(object))
        return refuse(error, "%s is not a mapping", what);
    json_foreach_member(object, key, value) {
        if (!g_strv_contains(known, yyjson_get_str(key)))
            return refuse(error, "%s: unknown key \"%s\"", what, yyjson_get_str(key));
    }
    return true;
}

/* A value as the rules write it: text that is JSON stands for what it says
 * ("5", "true", "{}", "\"5\""), other text for itself. */
static yyjson_mut_val *value_of(yyjson_mut_doc *doc, yyjson_val *value) {
    if (!yyjson_is_str(value))
        return value ? yyjson_val_mut_copy(doc, value) : NULL;
    g_autoptr(yyjson_doc) parsed = json_parse(yyjson_get_str(value), yyjson_get_len(value), "value", NULL);
    if (parsed)
        return yyjson_val_mut_copy(doc, yyjson_doc_get_root(parsed));
    return yyjson_mut_strcpy(doc, yyjson_get_str(value));
}

static bool read_operations(Rule *rule, yyjson_val *patches, GError **error) {
    static const char *const keys[] = {"operation", "from", "path", "value", NULL};
    static const char *const names[] = {"add", "remove", "replace", "test", "move", "copy", NULL};
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    yyjson_mut_doc_set_root(doc, array);
    size_t index, count;
    yyjson_val *patch;
    yyjson_arr_foreach(patches, index, count, patch) {
        const char *name = json_get_string(patch, "operation"), *path = json_get_string(patch, "path");
        if (!check_keys(patch, keys, "a patch", error))
            return false;
        if (!name || !g_strv_contains(names, name) || !path)
            return refuse(error, "a patch needs an operation (add, remove, replace, test, move, copy) and a path");
        yyjson_mut_val *operation = yyjson_mut_arr_add_obj(doc, array),
                       *value = value_of(doc, json_get(patch, "value"));
        json_mut_set_string(doc, operation, "op", name);
        json_mut_set_string(doc, operation, "path", path);
        if (json_get_string(patch, "from"))
            json_mut_set_string(doc, operation, "from", json_get_string(patch, "from"));
        if (value)
            json_mut_set(doc, operation, "value", value);
    }
    rule->operations = yyjson_mut_doc_imut_copy(doc, NULL);
    return true;
}

static bool read_patch_data(GPtrArray **out, yyjson_val *patches, GError **error) {
    static const char *const keys[] = {"patchData", NULL};
    *out = g_ptr_array_new_with_free_func((GDestroyNotify)yyjson_doc_free);
    size_t index, count;
    yyjson_val *patch;
    yyjson_arr_foreach(patches, index, count, patch) {
        const char *text = json_get_string(patch, "patchData");
        if (!check_keys(patch, keys, "a patch", error))
            return false;
        g_autoptr(yyjson_mut_doc) doc = yaml_parse(text ? text : "", text ? strlen(text) : 0, "patchData", error);
        if (!doc)
            return false;
        if (!yyjson_mut_is_obj(yyjson_mut_doc_get_root(doc)))
            return refuse(error, "patchData is not a mapping");
        g_ptr_array_add(*out, yyjson_mut_doc_imut_copy(doc, NULL));
    }
    return true;
}

static bool read_matches(Rule *rule, yyjson_val *matches, GError **error) {
    static const char *const keys[] = {"path", "value", NULL};
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *array = yyjson_mut_arr(doc);
    yyjson_mut_doc_set_root(doc, array);
    size_t index, count;
    yyjson_val *match;
    yyjson_arr_foreach(matches, index, count, match) {
        if (!check_keys(match, keys, "matches", error))
            return false;
        if (!json_get_string(match, "path"))
            return refuse(error, "matches needs a path");
        yyjson_mut_val *entry = yyjson_mut_arr_add_obj(doc, array), *value = value_of(doc, json_get(match, "value"));
        json_mut_set_string(doc, entry, "path", json_get_string(match, "path"));
        json_mut_set(doc, entry, "value", value ? value : yyjson_mut_null(doc));
    }
    rule->matches = yyjson_mut_doc_imut_copy(doc, NULL);
    return true;
}

static bool read_conditions(Rule *rule, yyjson_val *conditions, GError **error) {
    static const char *const keys[] = {"groupResource", "namespaces", "resourceNameRegex",
                                       "labelSelector", "matches",    NULL};
    if (!check_keys(conditions, keys, "conditions", error))
        return false;
    const char *group_resource = json_get_string(conditions, "groupResource");
    if (!group_resource || !*group_resource)
        return refuse(error, "conditions need a groupResource");
    if (!(rule->group_resource = glob_compile(group_resource, '.', error))) {
        g_prefix_error(error, "groupResource: ");
        return false;
    }
    g_auto(GStrv) namespaces = json_strings(json_get(conditions, "namespaces"));
    for (char **space = namespaces; *space; space++)
        g_ptr_array_add(rule->namespaces.includes, g_strdup(*space));
    const char *regex = json_get_string(conditions, "resourceNameRegex");
    if (regex && !(rule->name = g_regex_new(regex, 0, 0, error))) {
        g_prefix_error(error, "resourceNameRegex: ");
        return false;
    }
    rule->labels = selector_from_json(json_get(conditions, "labelSelector"), error);
    return rule->labels && read_matches(rule, json_get(conditions, "matches"), error);
}

static bool read_rule(Rule *rule, yyjson_val *object, GError **error) {
    static const char *const keys[] = {"conditions", "patches", "mergePatches", "strategicPatches", NULL};
    yyjson_val *patches = json_get(object, "patches"), *merges = json_get(object, "mergePatches");
    yyjson_val *strategics = json_get(object, "strategicPatches");
    if (!check_keys(object, keys, "the rule", error))
        return false;
    if ((yyjson_arr_size(patches) > 0) + (yyjson_arr_size(merges) > 0) + (yyjson_arr_size(strategics) > 0) != 1)
        return refuse(error, "a rule needs exactly one of patches, mergePatches and strategicPatches");
    return read_conditions(rule, json_get(object, "conditions"), error) && read_operations(rule, patches, error) &&
           read_patch_data(&rule->merge_patches, merges, error) &&
           read_patch_data(&rule->strategic_patches, strategics, error);
}

ArkModifiers *ark_modifiers_read(const char *text, GError **error) {
    static const char *const keys[] = {"version", "resourceModifierRules", NULL};
    g_autoptr(yyjson_mut_doc) yaml = yaml_parse(text, strlen(text), "the resource modifiers", error);
    if (!yaml)
        return NULL;
    g_autoptr(yyjson_doc) doc = yyjson_mut_doc_imut_copy(yaml, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc), *object;
    g_autoptr(ArkModifiers) modifiers = g_new0(ArkModifiers, 1);
    modifiers->rules = g_ptr_array_new_with_free_func(rule_free);
    if (!check_keys(root, keys, "resource modifiers", error))
        return NULL;
    if (g_strcmp0(json_get_string(root, "version"), "v1") != 0) {
        refuse(error, "resource modifiers: the version is not v1");
        return NULL;
    }
    size_t index, count;
    yyjson_arr_foreach(json_get(root, "resourceModifierRules"), index, count, object) {
        Rule *rule = g_new0(Rule, 1);
        ark_include_exclude_init(&rule->namespaces);
        g_ptr_array_add(modifiers->rules, rule);
        if (!read_rule(rule, object, error)) {
            g_prefix_error(error, "resource modifiers, rule %zu: ", index + 1);
            return NULL;
        }
    }
    return g_steal_pointer(&modifiers);
}

/* --- applying ----------------------------------------------------------------------------------- */

static bool rule_holds(const Rule *rule, const char *group_resource, yyjson_mut_doc *doc, yyjson_val *labels) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    const char *space = json_mut_get_string(root, "metadata", "namespace"),
               *name = json_mut_get_string(root, "metadata", "name");
    if (!g_regex_match(rule->group_resource, group_resource, 0, NULL))
        return false;
    if (space && !ark_include_exclude_has(&rule->namespaces, space))
        return false;
    if (rule->name && !g_regex_match(rule->name, name ? name : "", 0, NULL))
        return false;
    if (!selector_matches(rule->labels, labels))
        return false;
    size_t index, count;
    yyjson_val *match;
    yyjson_arr_foreach(yyjson_doc_get_root(rule->matches), index, count, match) {
        yyjson_mut_val *found = json_pointer_get(root, json_get_string(match, "path"), NULL);
        if (!found || !json_mut_equal(found, yyjson_val_mut_copy(doc, json_get(match, "value"))))
            return false;
    }
    return true;
}

static bool rule_apply(const Rule *rule, yyjson_mut_doc *doc, GError **error) {
    yyjson_val *operations = yyjson_doc_get_root(rule->operations);
    g_autoptr(GError) failure = NULL;
    if (yyjson_arr_size(operations) > 0 && !json_patch_apply(doc, operations, &failure)) {
        if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_CONFLICT))
            return true;
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    for (guint i = 0; i < rule->merge_patches->len; i++)
        json_merge_patch_apply(doc, yyjson_doc_get_root(g_ptr_array_index(rule->merge_patches, i)));
    for (guint i = 0; i < rule->strategic_patches->len; i++)
        if (!json_strategic_patch_apply(doc, yyjson_doc_get_root(g_ptr_array_index(rule->strategic_patches, i)), error))
            return false;
    return true;
}

bool ark_modifiers_apply(const ArkModifiers *modifiers, const char *group_resource, yyjson_mut_doc *doc,
                         GError **error) {
    g_autoptr(yyjson_doc) before = yyjson_mut_doc_imut_copy(doc, NULL);
    yyjson_val *labels = json_get(yyjson_doc_get_root(before), "metadata", "labels");
    g_autofree bool *holds = g_new0(bool, modifiers->rules->len + 1);
    for (guint i = 0; i < modifiers->rules->len; i++)
        holds[i] = rule_holds(g_ptr_array_index(modifiers->rules, i), group_resource, doc, labels);
    g_autoptr(GString) faults = g_string_new(NULL);
    for (guint i = 0; i < modifiers->rules->len; i++) {
        g_autoptr(GError) failure = NULL;
        if (holds[i] && !rule_apply(g_ptr_array_index(modifiers->rules, i), doc, &failure))
            g_string_append_printf(faults, "%sresource modifier rule %u: %s", faults->len ? "; " : "", i + 1,
                                   failure->message);
    }
    if (faults->len)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", faults->str);
    return faults->len == 0;
}
