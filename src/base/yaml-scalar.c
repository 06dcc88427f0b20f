/* Scalars as Kubernetes' clients resolve them: YAML 1.1's words and YAML's numbers. */
#include "base/yaml-scalar.h"

#include <string.h>

#define DIGITS "0123456789"

/* The pieces of [-+]?(digits[.digits]|.digits)([eE][-+]?digits)? */
typedef struct {
    bool negative;
    const char *whole, *fraction, *exponent; /* not NUL-terminated */
    int whole_length, fraction_length, exponent_length;
} Pieces;

static bool split_number(const char *text, Pieces *out) {
    *out = (Pieces){.negative = *text == '-'};
    if (*text == '-' || *text == '+')
        text++;
    out->whole = text;
    out->whole_length = (int)strspn(text, DIGITS);
    text += out->whole_length;
    if (*text == '.') {
        out->fraction = text + 1;
        out->fraction_length = (int)strspn(text + 1, DIGITS);
        text += 1 + out->fraction_length;
    }
    if (out->whole_length + out->fraction_length == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        out->exponent = text;
        text += 1 + (text[1] == '-' || text[1] == '+');
        if (!g_ascii_isdigit(*text))
            return false;
        text += strspn(text, DIGITS);
        out->exponent_length = (int)(text - out->exponent);
    }
    return *text == '\0';
}

/* The same number as JSON writes it, with all its digits; NULL when it is none. */
static char *decimal_number(const char *text) {
    Pieces pieces;
    if (!split_number(text, &pieces))
        return NULL;
    while (pieces.whole_length > 1 && *pieces.whole == '0') {
        pieces.whole++;
        pieces.whole_length--;
    }
    return g_strdup_printf(
        "%s%.*s%s%.*s%.*s", pieces.negative ? "-" : "", pieces.whole_length ? pieces.whole_length : 1,
        pieces.whole_length ? pieces.whole : "0", pieces.fraction_length ? "." : "", pieces.fraction_length,
        pieces.fraction ? pieces.fraction : "", pieces.exponent_length, pieces.exponent ? pieces.exponent : "");
}

/* 0x1F, 0o17, 017, 0b101 of 64 bits as decimal text; NULL when it is none. */
static char *based_number(const char *text) {
    bool negative = *text == '-', has_sign = negative || *text == '+';
    const char *digits = text + has_sign;
    if (digits[0] != '0' || !digits[1])
        return NULL;
    char mark = g_ascii_tolower(digits[1]);
    guint base = mark == 'x' ? 16 : mark == 'b' ? 2 : mark == 'o' || g_ascii_isdigit(mark) ? 8 : 0;
    digits += g_ascii_isdigit(mark) ? 1 : 2;
    guint64 value;
    if (base == 0 || !g_ascii_isxdigit(*digits) ||
        !g_ascii_string_to_unsigned(digits, base, 0, G_MAXUINT64, &value, NULL) ||
        (has_sign && value > (guint64)G_MAXINT64 + negative))
        return NULL;
    return g_strdup_printf("%s%" G_GUINT64_FORMAT, negative && value ? "-" : "", value);
}

static char *number(const char *text) {
    char *found = based_number(text);
    return found ? found : decimal_number(text);
}

/* Underscores may stand anywhere between the digits, but not where a point leads. */
static char *number_without_underscores(const char *text) {
    if (*text == '.' || !strchr(text, '_'))
        return number(text);
    g_auto(GStrv) parts = g_strsplit(text, "_", -1);
    g_autofree char *plain = g_strjoinv("", parts);
    return number(plain);
}

YamlKind yaml_resolve(const char *text, char **out_number) {
    static const char *const nulls[] = {"~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL};
    static const char *const falses[] = {"n",     "N",     "no",  "No",  "NO",  "false",
                                         "False", "FALSE", "off", "Off", "OFF", NULL};
    static const char *const not_finite[] = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF", "+.inf",
                                             "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", NULL};
    *out_number = NULL;
    switch (*text) {
    case '\0': return YAML_NULL;
    case '+':
    case '-':
    case '.':
    case '0' ... '9':
        if (g_strv_contains(not_finite, text))
            return YAML_NOT_FINITE;
        *out_number = number_without_underscores(text);
        return *out_number ? YAML_NUMBER : YAML_STRING;
    default:
        return g_strv_contains(nulls, text)    ? YAML_NULL
               : g_strv_contains(trues, text)  ? YAML_TRUE
               : g_strv_contains(falses, text) ? YAML_FALSE
                                               : YAML_STRING;
    }
}

bool yaml_is_utf8(const char *text, size_t length) {
    const char *end = text + length, *stop;
    while (!g_utf8_validate_len(text, (gsize)(end - text), &stop)) {
        if (*stop != '\0')
            return false;
        text = stop + 1;
    }
    return true;
}
