#include "base/decimal.h"
#include "base/text.h"

#include <string.h>

/* A quantity longer than this is no quantity but an attack on the multiplication. */
enum { TEXT_MAX = 256 };

/* Binary suffixes are powers of 1024, the others powers of ten. */
static bool apply_suffix(Decimal *decimal, const char *text) {
    static const struct {
        char suffix[3];
        int decimal_power;
        unsigned binary_power;
    } table[] = {{"", 0, 0},   {"n", -9, 0}, {"u", -6, 0}, {"m", -3, 0}, {"k", 3, 0},  {"M", 6, 0},
                 {"G", 9, 0},  {"T", 12, 0}, {"P", 15, 0}, {"E", 18, 0}, {"Ki", 0, 1}, {"Mi", 0, 2},
                 {"Gi", 0, 3}, {"Ti", 0, 4}, {"Pi", 0, 5}, {"Ei", 0, 6}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (!g_str_equal(text, table[i].suffix))
            continue;
        decimal_scale(decimal, table[i].decimal_power);
        if (table[i].binary_power > 0)
            decimal_multiply_1024(decimal, table[i].binary_power);
        return true;
    }
    gint64 exponent;
    if ((text[0] != 'e' && text[0] != 'E') || !decimal_read_exponent(text + 1, &exponent))
        return false;
    decimal_scale(decimal, exponent);
    return true;
}

static bool quantity_read(const char *text, Decimal *out, GError **error) {
    const char *suffix;
    if (strnlen(text, TEXT_MAX + 1) <= TEXT_MAX && decimal_read(out, text, &suffix)) {
        if (apply_suffix(out, suffix))
            return true;
        decimal_clear(out);
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                "quantity \"%.*s\" is not a number with an optional suffix (n u m k M G T P E, Ki Mi Gi Ti Pi Ei, e3)",
                TEXT_MAX, text);
    return false;
}

bool quantity_validate(const char *text, GError **error) {
    g_auto(Decimal) value = {0};
    return quantity_read(text, &value, error);
}

bool quantity_bytes(const char *text, gint64 *out, GError **error) {
    enum { DIGITS_MAX = 19 };
    g_auto(Decimal) value = {0};
    if (!quantity_read(text, &value, error))
        return false;
    char digits[DIGITS_MAX + 1] = "0";
    bool fits = !value.negative && value.exponent >= (gint64)value.length && value.exponent <= DIGITS_MAX;
    if (fits && value.length > 0) {
        memset(digits, '0', (size_t)value.exponent);
        memcpy(digits, value.digits, value.length);
        digits[value.exponent] = '\0';
    }
    if (fits && g_ascii_string_to_signed(digits, 10, 0, G_MAXINT64, out, NULL))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "\"%s\" is not a whole number of bytes, as 64Mi is", text);
    return false;
}

bool quantity_compare(const char *a, const char *b, int *out_order, GError **error) {
    g_auto(Decimal) left = {0}, right = {0};
    if (!quantity_read(a, &left, error) || !quantity_read(b, &right, error))
        return false;
    *out_order = decimal_compare(&left, &right);
    return true;
}

bool quantity_number(const char *text, double *out) {
    g_auto(Decimal) value = {0};
    if (!quantity_read(text, &value, NULL))
        return false;
    g_autofree char *plain =
        g_strdup_printf("%s0.%.*se%" G_GINT64_FORMAT, value.negative ? "-" : "", (int)MAX(value.length, 1),
                        value.length ? value.digits : "0", value.exponent);
    *out = g_ascii_strtod(plain, NULL);
    return true;
}
