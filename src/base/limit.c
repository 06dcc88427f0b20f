#include "base/limit.h"

const Limits limits_default = {
    .archive_size = (gint64)LIMIT_ARCHIVE_GI << 30,
    .ratio = LIMIT_RATIO,
    .entries = LIMIT_ENTRIES,
    .entry_size = LIMIT_ENTRY_MI << 20,
    .path_length = LIMIT_PATH_LENGTH,
    .file_size = (gint64)LIMIT_FILE_MI << 20,
};

void limit_reached(GError **error, const char *option, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BASE_ERROR, BASE_ERROR_LIMIT, "%s; --limit-%s raises that, if it is to be trusted", message,
                option);
}
