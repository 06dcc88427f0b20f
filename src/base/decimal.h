/* Decimal numbers of any length, compared exactly: what JSON numbers and
 * Kubernetes' quantities have in common. Internal to base. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* 0.d1d2d3... times 10^exponent. Zero has no digits and is never negative. */
typedef struct {
    bool negative;
    gint64 exponent;
    size_t length;
    char *digits; /* '0' to '9', neither a leading nor a trailing zero; not NUL-terminated */
} Decimal;

/* Reads [+-]digits[.digits], with digits on one side of the point at least, and
 * stops behind it. False when no number is there; `out` needs no clearing then. */
bool decimal_read(Decimal *out, const char *text, const char **out_rest);

/* Times 10^power, or (for powers of two) times 1024 `count` times. */
void decimal_scale(Decimal *decimal, gint64 power);
void decimal_multiply_1024(Decimal *decimal, unsigned count);

/* -1, 0 or 1. */
int decimal_compare(const Decimal *a, const Decimal *b);

void decimal_clear(Decimal *decimal);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Decimal, decimal_clear)

/* Reads [+-]digits, at most a billion either way, and the end of the text. */
bool decimal_read_exponent(const char *text, gint64 *out);
