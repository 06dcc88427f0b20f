/* Quantities, times, durations and names: reading, printing, reading back. "a NUL b" are compared. */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_quantity(const char *a, const char *b) {
    int order, reverse, self;
    gint64 bytes;
    if (quantity_validate(a, NULL))
        g_assert(quantity_compare(a, a, &self, NULL) && self == 0);
    g_autofree char *shown = text_printable(a);
    g_assert(g_utf8_validate(shown, -1, NULL) && !strpbrk(shown, "\n\t\033"));
    g_assert(!quantity_bytes(a, &bytes, NULL) || (bytes >= 0 && quantity_validate(a, NULL)));
    if (quantity_compare(a, b, &order, NULL)) {
        g_assert(quantity_validate(a, NULL) && quantity_validate(b, NULL));
        g_assert(quantity_compare(b, a, &reverse, NULL) && order == -reverse);
    }
}

static void check_time(const char *text) {
    gint64 us, again;
    if (!time_parse(text, &us, NULL))
        return;
    g_autofree char *printed = time_format_nanos(us);
    /* an offset may lead out of the four-digit years */
    g_assert(strlen(printed) != 30 || *printed == '-' || (time_parse(printed, &again, NULL) && us == again));
}

static void check_duration(const char *text) {
    gint64 us, again;
    if (!duration_parse(text, &us, NULL))
        return;
    g_autofree char *printed = duration_format(us), *brief = duration_format_short(us);
    g_assert(strlen(brief) < 16);
    /* the very longest is rounded up to a microsecond that Go's range no longer has */
    if (us > -9223372036854776 && us < 9223372036854776)
        g_assert(duration_parse(printed, &again, NULL) && us == again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    g_autofree char *text = g_strndup((const char *)data, size);
    size_t length = strlen(text);
    g_autofree char *second =
        length < size ? g_strndup((const char *)data + length + 1, size - length - 1) : g_strdup("");
    check_quantity(text, second);
    check_time(text);
    check_duration(text);
    g_autoptr(GError) error = NULL;
    bool is_label = name_is_dns_label(text, &error);
    g_assert(is_label == (error == NULL));
    g_assert(!is_label ||
             (name_is_dns_subdomain(text, NULL) && name_is_label_key(text, NULL) && name_is_label_value(text, NULL)));
    g_autofree char *value = name_to_label_value(text);
    g_assert(strlen(value) <= 63);
    return 0;
}
