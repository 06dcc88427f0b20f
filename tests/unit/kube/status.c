/* Errors from answers, Retry-After, warnings. */
#include "kube/status.h"

#include "kube/client-internal.h"

#include <string.h>

static HttpResponse answer(int status, const char *body) {
    HttpResponse response = {
        .status = status, .body = g_byte_array_new(), .headers = g_ptr_array_new_with_free_func(g_free)};
    if (body)
        g_byte_array_append(response.body, (const guint8 *)body, (guint)strlen(body));
    return response;
}

#define STATUS(reason, message) "{\"kind\":\"Status\",\"reason\":\"" reason "\",\"message\":\"" message "\"}"

static void test_codes(void) {
    static const struct {
        int status;
        const char *body;
        BaseErrorCode code;
        bool transient;
    } cases[] = {
        {301, NULL, BASE_ERROR_FAILED, false},
        {400, NULL, BASE_ERROR_INVALID, false},
        {401, NULL, BASE_ERROR_UNAUTHORIZED, false},
        {403, NULL, BASE_ERROR_FORBIDDEN, false},
        {404, NULL, BASE_ERROR_NOT_FOUND, false},
        {405, NULL, BASE_ERROR_UNSUPPORTED, false},
        {406, NULL, BASE_ERROR_UNSUPPORTED, false},
        {408, NULL, BASE_ERROR_TIMEOUT, true},
        {409, STATUS("AlreadyExists", "m"), BASE_ERROR_EXISTS, false},
        {409, STATUS("Conflict", "m"), BASE_ERROR_CONFLICT, false},
        {409, NULL, BASE_ERROR_CONFLICT, false},
        {410, STATUS("Expired", "m"), BASE_ERROR_GONE, false},
        {413, NULL, BASE_ERROR_INVALID, false},
        {415, NULL, BASE_ERROR_UNSUPPORTED, false},
        {422, NULL, BASE_ERROR_INVALID, false},
        {429, NULL, BASE_ERROR_THROTTLED, true},
        {500, NULL, BASE_ERROR_UNAVAILABLE, true},
        {502, NULL, BASE_ERROR_UNAVAILABLE, true},
        {503, NULL, BASE_ERROR_UNAVAILABLE, true},
        {504, NULL, BASE_ERROR_TIMEOUT, true},
        {504, STATUS("Timeout", "Too large resource version: 9, current: 1"), BASE_ERROR_TIMEOUT, false},
        {500, STATUS("InternalError", "mvcc: required revision is a future revision"), BASE_ERROR_UNAVAILABLE, false},
        {501, NULL, BASE_ERROR_UNAVAILABLE, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(HttpResponse) response = answer(cases[i].status, cases[i].body);
        g_autoptr(GError) error = NULL;
        g_test_message("%d %s", cases[i].status, cases[i].body ? cases[i].body : "");
        kube_status_set_error(&response, "GET /x", &error);
        g_assert_error(error, BASE_ERROR, (int)cases[i].code);
        g_assert_true(kube_status_is_transient(&response) == cases[i].transient);
    }
}

static void test_messages(void) {
    static const struct {
        int status;
        const char *body, *message;
    } cases[] = {
        {403, STATUS("Forbidden", "pods is forbidden"), "GET /x: 403 Forbidden: pods is forbidden"},
        {502, NULL, "GET /x: 502: the answer is empty"},
        {502, " \n ", "GET /x: 502: the answer is empty"},
        {502, "<html>\nBad\tGateway</html>\n", "GET /x: 502: <html> Bad Gateway</html>"},
        {502, "{\"message\": 12}", "GET /x: 502: {\"message\": 12}"},
        {502, "[]", "GET /x: 502: []"},
        {502, "\xff\x1b[31m", "GET /x: 502: \xef\xbf\xbd [31m"},
        {403, STATUS("\\u001b[0mX", "a\\nb\\u001b[31m"), "GET /x: 403 [0mX: a b [31m"},
        {401, STATUS("Unauthorized", "Unauthorized"),
         "GET /x: 401 Unauthorized: Unauthorized; check the token or certificate of this kubeconfig's user"},
        {413, "too big", "GET /x: 413: too big; the object is larger than the API server or etcd takes"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(HttpResponse) response = answer(cases[i].status, cases[i].body);
        g_autoptr(GError) error = NULL;
        kube_status_set_error(&response, "GET /x", &error);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
    g_autofree char *much = g_strnfill(100000, 'x'), *json = g_strdup_printf(STATUS("Invalid", "%s"), much);
    g_auto(HttpResponse) page = answer(502, much), status = answer(422, json);
    g_autoptr(GError) error = NULL, long_error = NULL;
    kube_status_set_error(&page, "GET /x", &error);
    g_assert_cmpuint(strlen(error->message), <, 300);
    kube_status_set_error(&status, "GET /x", &long_error);
    g_assert_cmpuint(strlen(long_error->message), <, 9000);
    g_assert_cmpuint(strlen(long_error->message), >, 8000);
}

static double retry_after(const char *value) {
    g_auto(HttpResponse) response = answer(429, NULL);
    g_ptr_array_add(response.headers, g_strdup("other: 1"));
    if (value)
        g_ptr_array_add(response.headers, g_strdup_printf("retry-after: %s", value));
    return http_response_retry_after(&response);
}

static void test_retry_after(void) {
    g_assert_cmpfloat(retry_after(NULL), ==, -1);
    g_assert_cmpfloat(retry_after(""), ==, -1);
    g_assert_cmpfloat(retry_after("7"), ==, 7);
    g_assert_cmpfloat(retry_after("0"), ==, 0);
    g_assert_cmpfloat(retry_after("-3"), ==, -1);
    g_assert_cmpfloat(retry_after("soon"), ==, -1);
    g_assert_cmpfloat(retry_after("nan"), ==, -1);
    g_assert_cmpfloat(retry_after("1e999"), ==, -1);
    g_assert_cmpfloat(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), ==, 0);
    g_assert_cmpfloat(retry_after("Fri, 31 Dec 2100 23:59:59 GMT"), >, 1e8);
}

static void test_warnings(void) {
    static const struct {
        const char *line, *texts;
    } cases[] = {
        {"warning: 299 - \"a\"", "a|"},
        {"warning: 299 - \"a \\\"b\\\" c:\\\\new\"", "a \"b\" c:\\new|"},
        {"warning: 299 - \"a\", 299 kube \"b, c\" \"Sat, 25 Aug 2012 23:34:45 GMT\",299 - \"d\"", "a|b, c|d|"},
        {"warning: 299 - \"a\x1b[31m\xff\"", "a [31m\xef\xbf\xbd|"},
        {"warning: 299 - \"\"", "|"},
        {"warning: 299 - a", ""},
        {"warning:", ""},
        {"warning: 299 - \"a", ""},
        {"warning: 299 - \"a\\\"", ""},
        {"warning: 299 - \"a\\", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) texts = g_string_new(NULL);
        const char *line = cases[i].line;
        for (char *text; (text = kube_warning_next(&line)); g_free(text))
            g_string_append_printf(texts, "%s|", text);
        g_assert_cmpstr(texts->str, ==, cases[i].texts);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/status/codes", test_codes);
    g_test_add_func("/status/messages", test_messages);
    g_test_add_func("/status/retry-after", test_retry_after);
    g_test_add_func("/status/warnings", test_warnings);
    return g_test_run();
}
