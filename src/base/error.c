#include "base/error.h"

#include <errno.h>

/* Not G_DEFINE_QUARK: clang-format takes the name's dashes for subtractions. */
GQuark base_error_quark(void) {
    return g_quark_from_static_string("base-error-quark");
}

BaseErrorCode base_error_from_errno(int errnum) {
    switch (errnum) {
    case ENOENT:
    case ENOTDIR: return BASE_ERROR_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY: return BASE_ERROR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS: return BASE_ERROR_FORBIDDEN;
    case ENOSPC:
    case EDQUOT: return BASE_ERROR_NO_SPACE;
    case ETIMEDOUT: return BASE_ERROR_TIMEOUT;
    case ECANCELED: return BASE_ERROR_CANCELLED;
    case EINVAL:
    case ENAMETOOLONG: return BASE_ERROR_INVALID;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE: return BASE_ERROR_UNAVAILABLE;
    case EFBIG: return BASE_ERROR_LIMIT;
    default: return BASE_ERROR_FAILED;
    }
}

void base_error_set_errno(GError **error, int errnum, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BASE_ERROR, base_error_from_errno(errnum), "%s: %s", text, g_strerror(errnum));
}

bool base_error_is_transient(const GError *error) {
    return g_error_matches(error, BASE_ERROR, BASE_ERROR_THROTTLED) ||
           g_error_matches(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE) ||
           g_error_matches(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
}
