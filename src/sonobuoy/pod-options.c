#include "sonobuoy/pod-options.h"

#include "base/text.h"

/* --- the form --------------------------------------------------------------------------------------- */

static bool is_texts(yyjson_mut_val *value) {
    size_t index, count;
    yyjson_mut_val *key, *text;
    if (!yyjson_mut_is_obj(value))
        return false;
    yyjson_mut_obj_foreach(value, index, count, key, text) {
        if (!yyjson_mut_is_str(text))
            return false;
    }
    return true;
}

static bool one_of(const char *text, const char *const *words) {
    return !text || g_strv_contains(words, text);
}

bool pod_options_are_tolerations(yyjson_mut_val *value) {
    static const char *const effects[] = {"NoSchedule", "NoExecute", "PreferNoSchedule", NULL};
    static const char *const operators[] = {"Equal", "Exists", NULL};
    size_t index, count;
    yyjson_mut_val *toleration;
    if (!yyjson_mut_is_arr(value))
        return false;
    yyjson_mut_arr_foreach(value, index, count, toleration) {
        if (!yyjson_mut_is_obj(toleration) || !one_of(json_mut_get_string(toleration, "effect"), effects) ||
            !one_of(json_mut_get_string(toleration, "operator"), operators))
            return false;
    }
    return true;
}

static bool is_resources(yyjson_mut_val *value) {
    size_t index, count, at, number;
    yyjson_mut_val *key, *amounts, *name, *amount;
    if (!yyjson_mut_is_obj(value))
        return false;
    yyjson_mut_obj_foreach(value, index, count, key, amounts) {
        if (!yyjson_mut_is_obj(amounts) ||
            (!yyjson_mut_equals_str(key, "requests") && !yyjson_mut_equals_str(key, "limits")))
            return false;
        yyjson_mut_obj_foreach(amounts, at, number, name, amount) {
            const char *text = yyjson_mut_is_raw(amount) ? yyjson_mut_get_raw(amount) : yyjson_mut_get_str(amount);
            if (!text || !quantity_validate(text, NULL))
                return false;
        }
    }
    return true;
}

static bool is_text(yyjson_mut_val *value) {
    return yyjson_mut_is_str(value);
}

static const struct {
    const char *name;
    bool (*is)(yyjson_mut_val *value);
    const char *what;
} members[] = {
    {"labels", is_texts, "an object of texts"},
    {"annotations", is_texts, "an object of texts"},
    {"tolerations", pod_options_are_tolerations, POD_TOLERATIONS_FORM},
    {"nodeSelector", is_texts, "an object of texts"},
    {"priorityClassName", is_text, "a text"},
    {"serviceAccountName", is_text, "a text"},
    {"resources", is_resources, "{requests, limits}, each an object of quantities such as \"100m\" and \"64Mi\""},
};

static bool check_options(const char *target, yyjson_mut_val *options, GError **error) {
    size_t index, count;
    yyjson_mut_val *key, *value;
    if (!yyjson_mut_is_obj(options)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "Pods.%s must be an object", target);
        return false;
    }
    yyjson_mut_obj_foreach(options, index, count, key, value) {
        size_t i = 0;
        while (i < G_N_ELEMENTS(members) && !yyjson_mut_equals_str(key, members[i].name))
            i++;
        if (i < G_N_ELEMENTS(members) && members[i].is(value))
            continue;
        if (i < G_N_ELEMENTS(members))
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "Pods.%s.%s must be %s", target, members[i].name,
                        members[i].what);
        else
            g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                        "Pods.%s.%s means nothing; there are labels, annotations, tolerations, nodeSelector, "
                        "priorityClassName, serviceAccountName and resources",
                        target, yyjson_mut_get_str(key));
        return false;
    }
    return true;
}

bool pod_options_check(yyjson_mut_val *pods, GError **error) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(pods);
    for (yyjson_mut_val *key; pods && (key = yyjson_mut_obj_iter_next(&iter));)
        if (!check_options(yyjson_mut_get_str(key), yyjson_mut_obj_iter_get_val(key), error))
            return false;
    return true;
}

yyjson_mut_val *pod_options_get(yyjson_mut_val *pods, const char *target, const char *member) {
    return json_mut_get(pods, target, member);
}

bool pod_options_of_spec(yyjson_mut_val *pods, const char *target) {
    static const char *const of_spec[] = {"tolerations", "nodeSelector", "priorityClassName", "serviceAccountName"};
    for (size_t i = 0; i < G_N_ELEMENTS(of_spec); i++)
        if (pod_options_get(pods, target, of_spec[i]) || pod_options_get(pods, POD_OPTIONS_ALL, of_spec[i]))
            return true;
    return false;
}

/* --- into a pod ---------------------------------------------------------------------------------------- */

/* Members that `object` has not; with `wins` those that it has, too. */
static void add_members(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, yyjson_mut_val *from, bool wins) {
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(from);
    for (yyjson_mut_val *name; from && (name = yyjson_mut_obj_iter_next(&iter));) {
        yyjson_mut_val *to = json_mut_ensure_object(doc, object, key);
        if (wins || !yyjson_mut_obj_get(to, yyjson_mut_get_str(name)))
            json_mut_set(doc, to, yyjson_mut_get_str(name),
                         yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_iter_get_val(name)));
    }
}

void pod_options_set_metadata(yyjson_mut_val *pods, const char *target, yyjson_mut_doc *doc, yyjson_mut_val *metadata) {
    static const char *const keys[] = {"labels", "annotations"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        add_members(doc, metadata, keys[i], pod_options_get(pods, target, keys[i]), false);
        add_members(doc, metadata, keys[i], pod_options_get(pods, POD_OPTIONS_ALL, keys[i]), false);
    }
}

static void add_tolerations(yyjson_mut_doc *doc, yyjson_mut_val *spec, yyjson_mut_val *from) {
    size_t index, count;
    yyjson_mut_val *toleration, *to = yyjson_mut_obj_get(spec, "tolerations");
    if (yyjson_mut_arr_size(from) && !yyjson_mut_is_arr(to)) {
        to = yyjson_mut_arr(doc);
        json_mut_set(doc, spec, "tolerations", to);
    }
    yyjson_mut_arr_foreach(from, index, count, toleration) {
        yyjson_mut_arr_append(to, yyjson_mut_val_mut_copy(doc, toleration));
    }
}

void pod_options_set_spec(yyjson_mut_val *pods, const char *target, yyjson_mut_doc *doc, yyjson_mut_val *spec) {
    static const char *const names[] = {"priorityClassName", "serviceAccountName"};
    add_tolerations(doc, spec, pod_options_get(pods, POD_OPTIONS_ALL, "tolerations"));
    add_tolerations(doc, spec, pod_options_get(pods, target, "tolerations"));
    add_members(doc, spec, "nodeSelector", pod_options_get(pods, target, "nodeSelector"), true);
    add_members(doc, spec, "nodeSelector", pod_options_get(pods, POD_OPTIONS_ALL, "nodeSelector"), false);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        yyjson_mut_val *own = pod_options_get(pods, target, names[i]);
        yyjson_mut_val *value = own ? own : pod_options_get(pods, POD_OPTIONS_ALL, names[i]);
        if (own || (value && !yyjson_mut_obj_get(spec, names[i])))
            json_mut_set(doc, spec, names[i], yyjson_mut_val_mut_copy(doc, value));
    }
}

void pod_options_set_container(yyjson_mut_val *pods, const char *target, yyjson_mut_doc *doc,
                               yyjson_mut_val *container) {
    static const char *const kinds[] = {"requests", "limits"};
    yyjson_mut_val *own = pod_options_get(pods, target, "resources"),
                   *all = pod_options_get(pods, POD_OPTIONS_ALL, "resources");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        yyjson_mut_val *wins = yyjson_mut_obj_get(own, kinds[i]), *rest = yyjson_mut_obj_get(all, kinds[i]);
        if (!wins && !rest)
            continue;
        yyjson_mut_val *resources = json_mut_ensure_object(doc, container, "resources");
        add_members(doc, resources, kinds[i], wins, true);
        add_members(doc, resources, kinds[i], rest, false);
    }
}
