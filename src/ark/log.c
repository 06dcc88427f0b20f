#include "ark/log.h"

#include "base/progress.h"
#include "base/stream.h"
#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { LOG_MAX = 64 * 1024 * 1024 }; /* gzipped bytes kept in memory */

struct ArkLog {
    pthread_mutex_t lock;
    char *field;
    ArkLogLevel echo;
    GByteArray *gzipped;
    Sink *sink; /* NULL once finished */
};

ArkLog *ark_log_new(const char *field, ArkLogLevel echo) {
    ArkLog *log = g_new0(ArkLog, 1);
    pthread_mutex_init(&log->lock, NULL);
    log->field = g_strdup(field);
    log->echo = echo;
    log->gzipped = g_byte_array_new();
    log->sink = sink_gzip_new(sink_buffer_new(log->gzipped, LOG_MAX), 1);
    return log;
}

void ark_log_free(ArkLog *log) {
    if (!log)
        return;
    sink_free(log->sink);
    g_byte_array_unref(log->gzipped);
    pthread_mutex_destroy(&log->lock);
    g_free(log->field);
    g_free(log);
}

/* In quotes, with what would break a line, or move a cursor, escaped. */
static void append_quoted(GString *out, const char *text) {
    g_autoptr(GString) quoted = g_string_sized_new(strlen(text) + 2);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, *c);
    }
    g_autofree char *shown = text_printable(quoted->str);
    g_string_append_printf(out, "\"%s\"", shown);
}

void ark_log(ArkLog *log, ArkLogLevel level, const char *format, ...) {
    static const char *const names[] = {"debug", "info", "warning", "error"};
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *now = time_format(g_get_real_time());
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "time=\"%s\" level=%s msg=", now, names[level]);
    append_quoted(line, text);
    g_string_append_printf(line, " %s\n", log->field);
    pthread_mutex_lock(&log->lock);
    if (log->sink && level >= ARK_LOG_INFO && !sink_write(log->sink, line->str, line->len, NULL))
        g_clear_pointer(&log->sink, sink_free); /* past its limit: the rest is on stderr only */
    pthread_mutex_unlock(&log->lock);
    if (level >= log->echo)
        progress_print_above(line->str);
}

GBytes *ark_log_finish(ArkLog *log) {
    pthread_mutex_lock(&log->lock);
    if (log->sink && sink_finish(log->sink, NULL))
        g_clear_pointer(&log->sink, sink_free);
    GBytes *bytes = g_bytes_new(log->gzipped->data, log->gzipped->len);
    pthread_mutex_unlock(&log->lock);
    return bytes;
}
