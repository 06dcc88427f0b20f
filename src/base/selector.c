#include "base/selector.h"

#include "base/text.h"

#include <string.h>

typedef enum { OP_EQUALS, OP_NOT_EQUALS, OP_IN, OP_NOT_IN, OP_EXISTS, OP_ABSENT, OP_GREATER, OP_LESS } Operator;

typedef struct {
    char *key;
    Operator op;
    GPtrArray *values; /* sorted */
} Requirement;

struct Selector {
    GPtrArray *requirements; /* sorted by key, as Kubernetes prints them */
};

static void requirement_free(void *data) {
    Requirement *requirement = data;
    g_free(requirement->key);
    g_ptr_array_unref(requirement->values);
    g_free(requirement);
}

static Requirement *requirement_new(const char *key, Operator op) {
    Requirement *requirement = g_new0(Requirement, 1);
    requirement->key = g_strdup(key);
    requirement->op = op;
    requirement->values = g_ptr_array_new_with_free_func(g_free);
    return requirement;
}

static Selector *selector_new(void) {
    Selector *selector = g_new0(Selector, 1);
    selector->requirements = g_ptr_array_new_with_free_func(requirement_free);
    return selector;
}

void selector_free(Selector *selector) {
    if (!selector)
        return;
    g_ptr_array_unref(selector->requirements);
    g_free(selector);
}

static int compare_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What Go's ParseInt(10) reads. */
static bool parse_number(const char *text, gint64 *out) {
    return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, out, NULL);
}

static int compare_requirement(const void *a, const void *b) {
    return strcmp((*(Requirement *const *)a)->key, (*(Requirement *const *)b)->key);
}

/* Checks the requirement and takes it over. */
static bool selector_add(Selector *selector, Requirement *requirement, GError **error) {
    g_ptr_array_add(selector->requirements, requirement);
    if (!name_is_label_key(requirement->key, error))
        return false;
    for (guint i = 0; i < requirement->values->len; i++)
        if (!name_is_label_value(g_ptr_array_index(requirement->values, i), error))
            return false;
    gint64 number;
    if ((requirement->op == OP_GREATER || requirement->op == OP_LESS) &&
        !parse_number(g_ptr_array_index(requirement->values, 0), &number)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "the value for %s must be a whole number", requirement->key);
        return false;
    }
    g_ptr_array_sort(requirement->values, compare_text);
    for (guint i = requirement->values->len; i-- > 1;)
        if (g_str_equal(g_ptr_array_index(requirement->values, i), g_ptr_array_index(requirement->values, i - 1)))
            g_ptr_array_remove_index(requirement->values, i);
    return true;
}

/* --- the query form -------------------------------------------------------------------- */

static void skip_space(const char **text) {
    *text += strspn(*text, " \t\r\n");
}

/* What stands up to the next sign or space; may be empty. */
static char *word(const char **text) {
    skip_space(text);
    size_t length = strcspn(*text, " \t\r\n=!,()<>");
    char *found = g_strndup(*text, length);
    *text += length;
    return found;
}

/* "(a,b)"; "()" holds the empty value, as in Kubernetes. */
static bool parse_set(const char **text, GPtrArray *values) {
    skip_space(text);
    if (**text != '(')
        return false;
    do {
        (*text)++;
        g_ptr_array_add(values, word(text));
        skip_space(text);
    } while (**text == ',');
    if (**text != ')')
        return false;
    (*text)++;
    return true;
}

/* The operator behind a key and what it compares with. */
static bool parse_comparison(const char **text, Requirement *requirement) {
    static const struct {
        const char *sign;
        Operator op;
    } signs[] = {{"==", OP_EQUALS}, {"=", OP_EQUALS}, {"!=", OP_NOT_EQUALS}, {">", OP_GREATER}, {"<", OP_LESS}};
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
        if (!g_str_has_prefix(*text, signs[i].sign))
            continue;
        *text += strlen(signs[i].sign);
        requirement->op = signs[i].op;
        g_ptr_array_add(requirement->values, word(text));
        return true;
    }
    g_autofree char *name = word(text);
    requirement->op = g_str_equal(name, "in") ? OP_IN : OP_NOT_IN;
    return (g_str_equal(name, "in") || g_str_equal(name, "notin")) && parse_set(text, requirement->values);
}

static bool parse_requirement(Selector *selector, const char **text, GError **error) {
    const char *start = *text;
    bool absent = **text == '!';
    if (absent)
        (*text)++;
    g_autofree char *key = word(text);
    Requirement *requirement = requirement_new(key, absent ? OP_ABSENT : OP_EXISTS);
    skip_space(text);
    bool ok = absent || !**text || **text == ',' || parse_comparison(text, requirement);
    skip_space(text);
    if (!ok || (**text && **text != ',')) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "\"%s\" does not begin with a requirement such as a=b, a!=b, a in (b,c), a notin (b), a, !a, a>1",
                    start);
        requirement_free(requirement);
        return false;
    }
    return selector_add(selector, requirement, error);
}

static bool parse_requirements(Selector *selector, const char *text, GError **error) {
    skip_space(&text);
    while (*text) {
        if (!parse_requirement(selector, &text, error))
            return false;
        if (*text != ',')
            break;
        text++;
        skip_space(&text);
        if (!*text) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID, "it ends with a comma");
            return false;
        }
    }
    return true;
}

Selector *selector_parse(const char *text, GError **error) {
    g_autoptr(Selector) selector = selector_new();
    if (!parse_requirements(selector, text, error)) {
        g_prefix_error(error, "label selector \"%s\": ", text);
        return NULL;
    }
    g_ptr_array_sort(selector->requirements, compare_requirement);
    return g_steal_pointer(&selector);
}

/* --- the object form --------------------------------------------------------------------- */

static bool add_value(Requirement *requirement, yyjson_val *value, GError **error) {
    const char *text = yyjson_get_str(value);
    if (!text) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "a value for \"%s\" is not a string", requirement->key);
        return false;
    }
    g_ptr_array_add(requirement->values, g_strdup(text));
    return true;
}

static bool add_expression(Selector *selector, yyjson_val *expression, GError **error) {
    static const struct {
        const char *name;
        Operator op;
        bool wants_values;
    } table[] = {{"In", OP_IN, true},
                 {"NotIn", OP_NOT_IN, true},
                 {"Exists", OP_EXISTS, false},
                 {"DoesNotExist", OP_ABSENT, false}};
    const char *key = json_get_string(expression, "key"), *name = json_get_string(expression, "operator");
    yyjson_val *values = json_get(expression, "values"), *value;
    size_t found = 0, index, count;
    while (found < G_N_ELEMENTS(table) && g_strcmp0(name, table[found].name) != 0)
        found++;
    if (!key || found == G_N_ELEMENTS(table) || table[found].wants_values != (yyjson_arr_size(values) > 0)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                    "matchExpressions for \"%s\" needs key, operator (In, NotIn, Exists, DoesNotExist) and values, the "
                    "last for In and NotIn alone",
                    key ? key : "");
        return false;
    }
    Requirement *requirement = requirement_new(key, table[found].op);
    yyjson_arr_foreach(values, index, count, value) {
        if (!add_value(requirement, value, error)) {
            requirement_free(requirement);
            return false;
        }
    }
    return selector_add(selector, requirement, error);
}

static bool add_label(Selector *selector, yyjson_val *key, yyjson_val *value, GError **error) {
    Requirement *requirement = requirement_new(yyjson_get_str(key), OP_EQUALS);
    if (!add_value(requirement, value, error)) {
        requirement_free(requirement);
        return false;
    }
    return selector_add(selector, requirement, error);
}

static bool add_object(Selector *selector, yyjson_val *label_selector, GError **error) {
    yyjson_val *labels = json_get(label_selector, "matchLabels"),
               *expressions = json_get(label_selector, "matchExpressions");
    if (!yyjson_is_obj(label_selector) || (labels && !yyjson_is_obj(labels) && !yyjson_is_null(labels)) ||
        (expressions && !yyjson_is_arr(expressions) && !yyjson_is_null(expressions))) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INVALID,
                            "it is not an object with a mapping matchLabels and a list matchExpressions");
        return false;
    }
    size_t index, count;
    yyjson_val *key, *value;
    json_foreach_member(labels, key, value) {
        if (!add_label(selector, key, value, error))
            return false;
    }
    yyjson_arr_foreach(expressions, index, count, value) {
        if (!add_expression(selector, value, error))
            return false;
    }
    return true;
}

Selector *selector_from_json(yyjson_val *label_selector, GError **error) {
    g_autoptr(Selector) selector = selector_new();
    if (label_selector && !yyjson_is_null(label_selector) && !add_object(selector, label_selector, error)) {
        g_prefix_error(error, "label selector: ");
        return NULL;
    }
    g_ptr_array_sort(selector->requirements, compare_requirement);
    return g_steal_pointer(&selector);
}

static void add_to_expressions(yyjson_mut_doc *doc, yyjson_mut_val *expressions, const Requirement *requirement) {
    static const char *const operators[] = {
        [OP_EQUALS] = "In",    [OP_NOT_EQUALS] = "NotIn", [OP_IN] = "In",
        [OP_NOT_IN] = "NotIn", [OP_EXISTS] = "Exists",    [OP_ABSENT] = "DoesNotExist",
    };
    yyjson_mut_val *expression = yyjson_mut_arr_add_obj(doc, expressions);
    json_mut_set_string(doc, expression, "key", requirement->key);
    json_mut_set_string(doc, expression, "operator", operators[requirement->op]);
    yyjson_mut_val *values = requirement->values->len ? yyjson_mut_obj_add_arr(doc, expression, "values") : NULL;
    for (guint i = 0; i < requirement->values->len; i++)
        yyjson_mut_arr_add_strcpy(doc, values, g_ptr_array_index(requirement->values, i));
}

yyjson_mut_val *selector_to_json(const Selector *selector, yyjson_mut_doc *doc, GError **error) {
    yyjson_mut_val *labels = yyjson_mut_obj(doc), *expressions = yyjson_mut_arr(doc), *object = yyjson_mut_obj(doc);
    for (guint i = 0; i < selector->requirements->len; i++) {
        const Requirement *requirement = g_ptr_array_index(selector->requirements, i);
        if (requirement->op == OP_GREATER || requirement->op == OP_LESS) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_UNSUPPORTED,
                        "label selector: the comparison of \"%s\" by > or < cannot be stored in an object",
                        requirement->key);
            return NULL;
        }
        /* "a=1,a=2" selects nothing: the second one must not take the first one's place. */
        if (requirement->op == OP_EQUALS && !yyjson_mut_obj_get(labels, requirement->key))
            json_mut_set_string(doc, labels, requirement->key, g_ptr_array_index(requirement->values, 0));
        else
            add_to_expressions(doc, expressions, requirement);
    }
    if (yyjson_mut_obj_size(labels) > 0)
        json_mut_set(doc, object, "matchLabels", labels);
    if (yyjson_mut_arr_size(expressions) > 0)
        json_mut_set(doc, object, "matchExpressions", expressions);
    return object;
}

char *selector_to_string(const Selector *selector) {
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < selector->requirements->len; i++) {
        const Requirement *requirement = g_ptr_array_index(selector->requirements, i);
        static const char *const signs[] = {
            [OP_EQUALS] = "=", [OP_NOT_EQUALS] = "!=", [OP_IN] = " in (",  [OP_NOT_IN] = " notin (",
            [OP_EXISTS] = "",  [OP_ABSENT] = "",       [OP_GREATER] = ">", [OP_LESS] = "<"};
        g_string_append_printf(out, "%s%s%s%s", i ? "," : "", requirement->op == OP_ABSENT ? "!" : "", requirement->key,
                               signs[requirement->op]);
        for (guint k = 0; k < requirement->values->len; k++)
            g_string_append_printf(out, "%s%s", k ? "," : "", (const char *)g_ptr_array_index(requirement->values, k));
        if (requirement->op == OP_IN || requirement->op == OP_NOT_IN)
            g_string_append_c(out, ')');
    }
    return g_string_free(out, FALSE);
}

bool selector_is_empty(const Selector *selector) {
    return selector->requirements->len == 0;
}

static bool has_value(const Requirement *requirement, const char *value) {
    for (guint i = 0; i < requirement->values->len; i++)
        if (g_str_equal(g_ptr_array_index(requirement->values, i), value))
            return true;
    return false;
}

static bool requirement_matches(const Requirement *requirement, const char *value) {
    switch (requirement->op) {
    case OP_EQUALS:
    case OP_IN: return value && has_value(requirement, value);
    case OP_NOT_EQUALS:
    case OP_NOT_IN: return !value || !has_value(requirement, value);
    case OP_EXISTS: return value != NULL;
    case OP_ABSENT: return value == NULL;
    default: {
        gint64 have, limit;
        if (!value || !parse_number(value, &have) || !parse_number(g_ptr_array_index(requirement->values, 0), &limit))
            return false;
        return requirement->op == OP_GREATER ? have > limit : have < limit;
    }
    }
}

bool selector_matches(const Selector *selector, yyjson_val *labels) {
    for (guint i = 0; i < selector->requirements->len; i++) {
        const Requirement *requirement = g_ptr_array_index(selector->requirements, i);
        if (!requirement_matches(requirement, json_get_string(labels, requirement->key)))
            return false;
    }
    return true;
}
