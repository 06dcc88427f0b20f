/* Names and series out of templates. */
#include "ark/name-template.h"

#include "base/text.h"

#include <string.h>

static char *context_of(void *data, GError **error) {
    if (data)
        return g_strdup(data);
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no context here");
    return NULL;
}

static char *filled(const char *text, const char *context, char **out_series, GError **error) {
    ArkNameFields fields = {.now = G_GINT64_CONSTANT(1772323199999999), /* 2026-02-28T23:59:59.999999Z */
                            .hostname = "Web_01.Example.com.",
                            .context = context_of,
                            .data = (char *)context};
    *out_series = NULL;
    return ark_name_template_fill(text, &fields, out_series, error);
}

static void test_fields(void) {
    static const struct {
        const char *text, *context, *name, *series;
    } cases[] = {
        {"nightly-{{timestamp}}", NULL, "nightly-20260228235959", "nightly"},
        {"{{timestamp}}", NULL, "20260228235959", NULL},
        {"nightly-{{ date }}-eu", NULL, "nightly-20260228-eu", "nightly-eu"},
        {"{{date}}.nightly", NULL, "20260228.nightly", "nightly"},
        {"{{cluster}}-{{timestamp}}", "Kind", "kind-20260228235959", "kind"},
        {"{{context}}-n-{{date}}", "arn:aws:eks:eu-west-1:12:cluster/Prod_1.a",
         "arn-aws-eks-eu-west-1-12-cluster-prod-1.a-n-20260228", "arn-aws-eks-eu-west-1-12-cluster-prod-1.a-n"},
        {"x{{context}}", "admin@.-x..y--\xc3\xa4", "xadmin-x-y", "xadmin-x-y"},
        {"{{hostname}}-{{date}}", NULL, "web-01.example.com-20260228", "web-01.example.com"},
        {"plain", NULL, "plain", "plain"},
        {"a}}-{{date}}", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *series = NULL, *name = filled(cases[i].text, cases[i].context, &series, NULL);
        g_test_message("%s", cases[i].text);
        g_assert_cmpstr(name, ==, cases[i].name);
        g_assert_cmpstr(series, ==, cases[i].series);
    }
}

static void test_long_series(void) {
    g_autofree char *part = g_strnfill(100, 'a'), *text = g_strconcat(part, "-{{date}}", NULL);
    g_autofree char *series = NULL, *name = filled(text, NULL, &series, NULL);
    g_assert_nonnull(name);
    g_assert_cmpuint(strlen(series), ==, 63);
    g_assert_true(name_is_label_value(series, NULL));
}

static void test_refused(void) {
    static const struct {
        const char *text, *context, *word;
    } cases[] = {
        {"a-{{timestmp}}", NULL, "did you mean {{timestamp}}?"},
        {"a-{{Date}}", NULL, "did you mean {{date}}?"},
        {"a-{{colour}}", NULL, "timestamp, date, cluster, context, hostname"},
        {"a-{{}}", NULL, "no field {{}}"},
        {"a-{{date", NULL, "must end with }}"},
        {"A-{{date}}", NULL, "makes no name of a backup"},
        {"a-{{date}}-", NULL, "makes no name of a backup"},
        {"", NULL, "makes no name of a backup"},
        {"-{{context}}", "ok", "makes no name of a backup"},
        {"{{context}}", "::", "makes no name of a backup"},
        {"{{cluster}}", NULL, "no context here"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *series = NULL, *name = filled(cases[i].text, cases[i].context, &series, &error);
        g_test_message("%s", cases[i].text);
        g_assert_null(name);
        g_assert_nonnull(strstr(error->message, cases[i].word));
        g_assert_cmpint(error->code, ==, strstr(cases[i].word, "here") ? BASE_ERROR_NOT_FOUND : BASE_ERROR_USAGE);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/name-template/fields", test_fields);
    g_test_add_func("/name-template/long-series", test_long_series);
    g_test_add_func("/name-template/refused", test_refused);
    return g_test_run();
}
