/* Error answers: the lines of a header up to an empty one, then the body. What comes out is fit for a terminal. */
#include "base/http-internal.h"
#include "kube/client-internal.h"
#include "kube/status.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plain(const char *text) {
    g_assert(g_utf8_validate(text, -1, NULL));
    for (const char *c = text; *c; c++)
        g_assert(!g_ascii_iscntrl(*c));
}

static size_t read_headers(HttpResponse *response, const char *text, size_t size) {
    size_t at = 0;
    while (at < size && text[at] != '\n') {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at + 1 : size - at;
        http_response_add_line(response, text + at, length);
        at += length;
    }
    return MIN(at + 1, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int codes[] = {400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 502, 503, 504};
    g_auto(HttpResponse) response = {.status = codes[size % G_N_ELEMENTS(codes)],
                                     .body = g_byte_array_new(),
                                     .headers = g_ptr_array_new_with_free_func(g_free)};
    size_t body = read_headers(&response, (const char *)data, size);
    g_byte_array_append(response.body, data + body, (guint)(size - body));
    g_autoptr(GError) error = NULL;
    kube_status_set_error(&response, "GET /x", &error);
    check_plain(error->message);
    g_assert(strlen(error->message) < 20000);
    (void)kube_status_is_transient(&response);
    double seconds = http_response_retry_after(&response);
    g_assert(seconds == -1 || (seconds >= 0 && isfinite(seconds)));
    for (guint i = 0; i < response.headers->len; i++) {
        const char *line = g_ptr_array_index(response.headers, i);
        for (char *text; (text = kube_warning_next(&line)); g_free(text))
            check_plain(text);
    }
    return 0;
}
