#include "base/decimal.h"

#include <string.h>

void decimal_clear(Decimal *decimal) {
    g_clear_pointer(&decimal->digits, g_free);
    decimal->length = 0;
}

/* Drops zeros at both ends, so that equal values look equal. */
static void normalize(Decimal *decimal) {
    size_t zeros = 0;
    while (zeros < decimal->length && decimal->digits[zeros] == '0')
        zeros++;
    decimal->length -= zeros;
    decimal->exponent -= (gint64)zeros;
    memmove(decimal->digits, decimal->digits + zeros, decimal->length);
    while (decimal->length > 0 && decimal->digits[decimal->length - 1] == '0')
        decimal->length--;
    if (decimal->length == 0) {
        decimal->exponent = 0;
        decimal->negative = false;
    }
}

bool decimal_read(Decimal *out, const char *text, const char **out_rest) {
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    size_t whole = strspn(text, "0123456789");
    const char *fraction = text[whole] == '.' ? text + whole + 1 : NULL;
    size_t parts = fraction ? strspn(fraction, "0123456789") : 0;
    if (whole + parts == 0)
        return false;
    *out = (Decimal){.negative = negative, .exponent = (gint64)whole, .length = whole + parts};
    out->digits = g_malloc(out->length);
    memcpy(out->digits, text, whole);
    if (fraction)
        memcpy(out->digits + whole, fraction, parts);
    *out_rest = fraction ? fraction + parts : text + whole;
    normalize(out);
    return true;
}

bool decimal_read_exponent(const char *text, gint64 *out) {
    enum { EXPONENT_MAX = 1000 * 1000 * 1000 };
    const char *digits = text + (*text == '+' || *text == '-');
    guint64 value;
    if (!g_ascii_isdigit(*digits) || !g_ascii_string_to_unsigned(digits, 10, 0, EXPONENT_MAX, &value, NULL))
        return false;
    *out = *text == '-' ? -(gint64)value : (gint64)value;
    return true;
}

void decimal_scale(Decimal *decimal, gint64 power) {
    if (decimal->length > 0)
        decimal->exponent += power;
}

void decimal_multiply_1024(Decimal *decimal, unsigned count) {
    /* 1024 < 10^4: four digits more for each multiplication are room enough. */
    size_t room = 4u * count;
    char *digits = g_malloc(decimal->length + room + 1);
    memset(digits, '0', room);
    if (decimal->length > 0)
        memcpy(digits + room, decimal->digits, decimal->length);
    g_free(decimal->digits);
    decimal->digits = digits;
    decimal->length += room;
    decimal->exponent += (gint64)room;
    for (; count > 0; count--) {
        unsigned carry = 0;
        for (size_t i = decimal->length; i-- > 0;) {
            carry += (unsigned)(digits[i] - '0') * 1024u;
            digits[i] = (char)('0' + carry % 10);
            carry /= 10;
        }
    }
    normalize(decimal);
}

static int compare_magnitude(const Decimal *a, const Decimal *b) {
    if (a->length == 0 || b->length == 0)
        return (a->length > 0) - (b->length > 0);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    int order = memcmp(a->digits, b->digits, MIN(a->length, b->length));
    if (order == 0)
        order = (a->length > b->length) - (a->length < b->length);
    return (order > 0) - (order < 0);
}

int decimal_compare(const Decimal *a, const Decimal *b) {
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    return a->negative ? compare_magnitude(b, a) : compare_magnitude(a, b);
}
