/* One error domain for all of Seaworthy's libraries.
 *
 * Every function that can fail takes `GError **error` last. Callers branch on
 * the code; people read the message, which is a sentence that names the object,
 * what was tried, what came back and, where there is one, the next step.
 * One domain with shared codes, and not one a library, so that a caller two
 * layers up can branch on NOT_FOUND without knowing which store answered. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define BASE_ERROR (base_error_quark())
GQuark base_error_quark(void);

typedef enum {
    BASE_ERROR_FAILED,       /* nothing more exact is known */
    BASE_ERROR_USAGE,        /* the caller or the command line is wrong */
    BASE_ERROR_INVALID,      /* data from outside breaks its format's rules */
    BASE_ERROR_NOT_FOUND,    /* 404, ENOENT */
    BASE_ERROR_EXISTS,       /* 409 AlreadyExists, EEXIST */
    BASE_ERROR_CONFLICT,     /* 409 Conflict, 412 */
    BASE_ERROR_GONE,         /* 410: a revision or continue token expired */
    BASE_ERROR_UNAUTHORIZED, /* 401 */
    BASE_ERROR_FORBIDDEN,    /* 403, EACCES */
    BASE_ERROR_UNSUPPORTED,  /* 405, 406, 415: the server does not do this */
    BASE_ERROR_THROTTLED,    /* 429, SlowDown, after the last retry */
    BASE_ERROR_UNAVAILABLE,  /* 5xx, connection refused or reset, after the last retry */
    BASE_ERROR_TIMEOUT,      /* a deadline passed */
    BASE_ERROR_CANCELLED,    /* the cancellation token was set */
    BASE_ERROR_CORRUPT,      /* stored data does not match its checksum or format */
    BASE_ERROR_LIMIT,        /* a size, depth or count limit was hit */
    BASE_ERROR_NO_SPACE,     /* ENOSPC, EDQUOT */
} BaseErrorCode;

/* The code that fits an errno value. */
BaseErrorCode base_error_from_errno(int errnum);

/* Sets `error` to "<formatted message>: <strerror>" with the code of errnum. */
void base_error_set_errno(GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Whether trying the same thing again may help (THROTTLED, UNAVAILABLE, TIMEOUT). */
bool base_error_is_transient(const GError *error);
