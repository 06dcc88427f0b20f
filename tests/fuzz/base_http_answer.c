/* Answers to a request for an upgrade: a head, then a body. What is whole stays whole with more behind it, and
 * pieces make the same answer. */
#include "base/http-internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads it piece by piece; false where it is none. */
static bool read_in_pieces(const char *text, size_t size, size_t piece, HttpResponse *response, bool *whole) {
    HttpAnswer answer = {0};
    gssize head = 0;
    http_response_init(response);
    *whole = false;
    for (size_t length = 0; !*whole && length < size;) {
        length = MIN(length + piece, size);
        if (head == 0)
            head = http_head_read(&answer, text, length, response, NULL);
        if (head < 0 ||
            (head > 0 && !http_body_read(&answer, text + head, length - (size_t)head, false, response, whole, NULL)))
            return false;
    }
    return head > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    g_auto(HttpResponse) response = {0}, other = {0};
    g_autoptr(GError) error = NULL;
    HttpAnswer answer = {0}, shorter = {0};
    bool whole = false, at_end = false, other_whole = false;
    http_response_init(&response);
    gssize head = http_head_read(&answer, text, size, &response, &error);
    g_assert((head < 0) == (error != NULL));
    if (head <= 0)
        return 0;
    g_assert((size_t)head <= size && response.status >= 100 && response.status <= 999);
    http_response_init(&other);
    g_assert(http_head_read(&shorter, text, (size_t)head, &other, NULL) == head);
    g_assert(other.status == response.status && other.headers->len == response.headers->len);
    bool ok = http_body_read(&answer, text + head, size - (size_t)head, false, &response, &whole, &error);
    g_assert(ok == (error == NULL));
    g_assert(response.body->len <= size && response.body->len <= HTTP_BODY_RAW_MAX / 2);
    g_assert(!ok || whole || size - (size_t)head <= HTTP_BODY_RAW_MAX);
    bool other_ok = read_in_pieces(text, size, MAX(size / 64, 1), &other, &other_whole);
    g_assert(!ok || size > HTTP_BODY_RAW_MAX ||
             (other_ok && whole == other_whole && response.body->len == other.body->len &&
              (other.body->len == 0 || memcmp(response.body->data, other.body->data, other.body->len) == 0)));
    if (ok)
        g_assert(http_body_read(&answer, text + head, size - (size_t)head, true, &response, &at_end, NULL) && at_end);
    return 0;
}
