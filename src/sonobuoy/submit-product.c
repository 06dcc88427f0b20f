/* PRODUCT.yaml of a submission. */
#include "base/yaml.h"
#include "sonobuoy/submit-internal.h"

#include <string.h>

const ProductField product_fields[] = {
    {"vendor", true, "the legal entity that certifies, as its participation form has it"},
    {"name", true, "the product's name"},
    {"version", true, "the product's version, not that of Kubernetes"},
    {"type", true, "distribution, hosted platform or installer"},
    {"description", true, "the product in one sentence"},
    {"website_url", true, "a page about the product"},
    {"documentation_url", true, "a page of its documentation"},
    {"contact_email_address", true, "whom reviewers write to"},
    {"repo_url", false, "the repository of its sources, where they are open"},
    {"product_logo_url", false, "its logo: SVG, AI or EPS"},
    {0},
};

/* --- reading ----------------------------------------------------------------------------------------- */

/* A scalar as text; NULL where it is none. */
static yyjson_mut_val *scalar_text(yyjson_mut_doc *doc, yyjson_mut_val *value) {
    if (yyjson_mut_is_str(value))
        return yyjson_mut_strcpy(doc, yyjson_mut_get_str(value));
    if (yyjson_mut_is_raw(value))
        return yyjson_mut_strcpy(doc, yyjson_mut_get_raw(value));
    if (yyjson_mut_is_bool(value))
        return yyjson_mut_str(doc, yyjson_mut_get_bool(value) ? "true" : "false");
    return yyjson_mut_is_null(value) ? yyjson_mut_str(doc, "") : NULL;
}

static bool add_member(yyjson_mut_doc *doc, yyjson_mut_val *out, const char *name, yyjson_mut_val *value,
                       const char *what, GError **error) {
    yyjson_mut_val *text = scalar_text(doc, value);
    if (!text) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: %s is no text", what, name);
        return false;
    }
    if (*yyjson_mut_get_str(text))
        json_mut_set(doc, out, name, text);
    return true;
}

yyjson_mut_doc *product_parse(const char *text, size_t length, const char *what, GError **error) {
    g_autoptr(yyjson_mut_doc) read = yaml_parse(text, length, what, error);
    if (!read)
        return NULL;
    yyjson_mut_val *from = yyjson_mut_doc_get_root(read), *key, *value;
    if (!yyjson_mut_is_obj(from) && !yyjson_mut_is_null(from)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: there are no fields in it (vendor: ...)", what);
        return NULL;
    }
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *out = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, out);
    for (const ProductField *field = product_fields; field->name; field++) {
        value = yyjson_mut_obj_get(from, field->name);
        if (value && !add_member(doc, out, field->name, value, what, error))
            return NULL;
    }
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(from);
    while ((key = yyjson_mut_obj_iter_next(&iter))) {
        const char *name = yyjson_mut_get_str(key);
        if (!yyjson_mut_obj_get(out, name) &&
            !add_member(doc, out, name, yyjson_mut_obj_iter_get_val(key), what, error))
            return NULL;
    }
    return g_steal_pointer(&doc);
}

/* --- checking ----------------------------------------------------------------------------------------- */

static bool is_url(const char *text) {
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
    const char *scheme = uri ? g_uri_get_scheme(uri) : "", *host = uri ? g_uri_get_host(uri) : NULL;
    return (g_str_equal(scheme, "http") || g_str_equal(scheme, "https")) && host && *host;
}

static void check_field(Submission *submission, const char *name, const char *value) {
    static const char *const types[] = {"distribution", "hosted platform", "installer", NULL};
    if (g_str_equal(name, "type") && !g_strv_contains(types, value))
        submission_refuse(submission, "PRODUCT.yaml: type is \"%s\", not distribution, hosted platform or installer",
                          value);
    if (g_str_has_suffix(name, "_url") && !is_url(value))
        submission_refuse(submission, "PRODUCT.yaml: %s is no URL: \"%s\"", name, value);
    if (g_str_equal(name, "contact_email_address") &&
        !g_regex_match_simple("^[^@\\s<>]+@[^@\\s<>.]+(\\.[^@\\s<>.]+)+\\z", value, 0, 0))
        submission_refuse(submission, "PRODUCT.yaml: contact_email_address is no address: \"%s\"", value);
    if (g_str_equal(name, "product_logo_url") &&
        !g_regex_match_simple("\\.(svg|ai|eps)\\z", value, G_REGEX_CASELESS, 0))
        submission_refuse(submission, "PRODUCT.yaml: product_logo_url is of no SVG, AI or EPS file: \"%s\"", value);
}

static bool is_known(const char *name) {
    for (const ProductField *field = product_fields; field->name; field++)
        if (g_str_equal(field->name, name))
            return true;
    return false;
}

void submission_check_product(Submission *submission, yyjson_mut_val *product) {
    for (const ProductField *field = product_fields; field->name; field++) {
        const char *value = json_mut_get_string(product, field->name);
        if (value && *value)
            check_field(submission, field->name, value);
        else if (field->required)
            submission_refuse(submission, "PRODUCT.yaml: %s is missing: %s", field->name, field->meaning);
    }
    yyjson_mut_val *key;
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(product);
    while ((key = yyjson_mut_obj_iter_next(&iter)))
        if (!is_known(yyjson_mut_get_str(key)))
            submission_remark(submission, "PRODUCT.yaml: %s is no field of a submission", yyjson_mut_get_str(key));
}

char *product_folder(yyjson_mut_val *product) {
    const char *name = json_mut_get_string(product, "name");
    g_autoptr(GString) folder = g_string_new(NULL);
    for (; name && *name; name++) {
        if (g_ascii_isalnum(*name))
            g_string_append_c(folder, g_ascii_tolower(*name));
        else if (folder->len && folder->str[folder->len - 1] != '-')
            g_string_append_c(folder, '-');
    }
    if (folder->len && folder->str[folder->len - 1] == '-')
        g_string_truncate(folder, folder->len - 1);
    return folder->len ? g_string_free(g_steal_pointer(&folder), false) : NULL;
}
