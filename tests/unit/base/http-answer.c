/* Answers to a request for an upgrade, which are read without libcurl: heads and bodies, whole, in pieces, damaged. */
#include "base/http-internal.h"

#include <string.h>

static gssize read_head(const char *text, HttpResponse *response, GError **error) {
    HttpAnswer answer = {0};
    http_response_init(response);
    return http_head_read(&answer, text, strlen(text), response, error);
}

static void test_heads(void) {
    static const char head[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX: a\r\n\r\n";
    g_autofree char *more = g_strconcat(head, "\x81\x01x", NULL);
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(read_head(more, &response, &error), ==, strlen(head));
    g_assert_cmpint(response.status, ==, 101);
    g_assert_cmpstr(http_response_header(&response, "upgrade"), ==, "websocket");
    for (size_t length = 0; length < strlen(head); length++) {
        g_autofree char *part = g_strndup(head, length);
        g_assert_cmpint(read_head(part, &response, &error), ==, 0);
        g_assert_no_error(error);
    }
}

static void test_heads_before(void) {
    g_auto(HttpResponse) response = {0};
    static const char text[] = "HTTP/1.1 100 Continue\r\na: b\r\n\r\nHTTP/1.1 403 Forbidden\nc: d\n\n";
    g_assert_cmpint(read_head(text, &response, NULL), ==, strlen(text));
    g_assert_cmpint(response.status, ==, 403);
    g_assert_null(http_response_header(&response, "a"));
    g_assert_cmpstr(http_response_header(&response, "c"), ==, "d");
}

static void test_bad_heads(void) {
    static const char *const bad[] = {"\r\n", "SSH-2.0-x\r\n", "HTTP/2 101\r\n", "HTTP/1.1 1x1 a\r\n",
                                      "HTTP/1.1 099 a\r\n"};
    g_auto(HttpResponse) response = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(read_head(bad[i], &response, &error), ==, -1);
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
    g_autofree char *long_value = g_strnfill(HTTP_HEAD_MAX, 'x');
    g_autofree char *endless = g_strdup_printf("HTTP/1.1 200 OK\r\na: %s", long_value);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(read_head(endless, &response, &error), ==, -1);
    g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void test_bodies(void) {
    static const struct {
        const char *head, *body, *expected; /* NULL: more must come */
    } cases[] = {
        {"Content-Length: 3", "abc", "abc"},
        {"Content-Length: 3", "abcd", "abc"},
        {"Content-Length: 0", "", ""},
        {"Content-Length: 4", "abc", NULL},
        {"Transfer-Encoding: chunked", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", "abcde"},
        {"Transfer-Encoding: chunked", "3\r\nabc\r\n", NULL},
        {"Transfer-Encoding: chunked", "3\r\nab", NULL},
        {"Transfer-Encoding: chunked", "", NULL},
        {"a: b", "abc", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(HttpResponse) response = {0};
        g_autofree char *head = g_strdup_printf("HTTP/1.1 403 Forbidden\r\n%s\r\n\r\n", cases[i].head);
        HttpAnswer answer = {0};
        bool whole = true;
        g_assert_cmpint(read_head(head, &response, NULL), ==, strlen(head));
        for (size_t length = 0; length < strlen(cases[i].body); length++)
            g_assert_true(http_body_read(&answer, cases[i].body, length, false, &response, &whole, NULL));
        g_assert_true(http_body_read(&answer, cases[i].body, strlen(cases[i].body), false, &response, &whole, NULL));
        g_assert_cmpint(whole, ==, cases[i].expected != NULL);
        if (cases[i].expected)
            g_assert_cmpmem(response.body->data, response.body->len, cases[i].expected, (int)strlen(cases[i].expected));
        g_assert_true(http_body_read(&answer, cases[i].body, strlen(cases[i].body), true, &response, &whole, NULL));
        g_assert_true(whole);
    }
}

/* What takes many bytes to say few of them. */
static void test_body_limit(void) {
    static const char *const chunks[] = {"1\r\nx\r\n", "1;abcdefgh=ijklmnop\r\nx\r\n", "1;"};
    for (size_t i = 0; i < G_N_ELEMENTS(chunks); i++) {
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) body = g_string_new(NULL);
        HttpAnswer answer = {0};
        bool whole;
        g_assert_cmpint(read_head("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n", &response, NULL), >,
                        0);
        while (body->len < HTTP_BODY_RAW_MAX) {
            g_assert_true(http_body_read(&answer, body->str, body->len, false, &response, &whole, &error));
            g_assert_false(whole);
            g_string_append(body, chunks[i]);
        }
        g_string_append(body, chunks[i]);
        g_assert_false(http_body_read(&answer, body->str, body->len, false, &response, &whole, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_LIMIT);
    }
}

static void test_bad_bodies(void) {
    static const char *const cases[][2] = {{"Content-Length: -1", "a"},
                                           {"Content-Length: a", "a"},
                                           {"Transfer-Encoding: chunked", "x\r\n"},
                                           {"Transfer-Encoding: chunked", "-1\r\n"},
                                           {"Transfer-Encoding: chunked", "fffffffff\r\n"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(HttpResponse) response = {0};
        g_autoptr(GError) error = NULL;
        g_autofree char *head = g_strdup_printf("HTTP/1.1 403 Forbidden\r\n%s\r\n\r\n", cases[i][0]);
        HttpAnswer answer = {0};
        bool whole;
        g_assert_cmpint(read_head(head, &response, NULL), ==, strlen(head));
        g_assert_false(http_body_read(&answer, cases[i][1], strlen(cases[i][1]), false, &response, &whole, &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http-answer/heads", test_heads);
    g_test_add_func("/http-answer/heads-before", test_heads_before);
    g_test_add_func("/http-answer/bad-heads", test_bad_heads);
    g_test_add_func("/http-answer/bodies", test_bodies);
    g_test_add_func("/http-answer/body-limit", test_body_limit);
    g_test_add_func("/http-answer/bad-bodies", test_bad_bodies);
    return g_test_run();
}
