#include "sonobuoy/log.h"

#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

struct RunLog {
    LogLevel level;
    FILE *file;
    pthread_mutex_t lock;
};

static const char *const level_names[] = {"error", "warning", "info", "debug"};

RunLog *run_log_new(LogLevel level) {
    RunLog *log = g_new0(RunLog, 1);
    log->level = level;
    pthread_mutex_init(&log->lock, NULL);
    return log;
}

bool run_log_open(RunLog *log, const char *path, GError **error) {
    FILE *file = fopen(path, "ae");
    if (!file) {
        base_error_set_errno(error, errno, "%s cannot be written", path);
        return false;
    }
    run_log_close(log);
    pthread_mutex_lock(&log->lock);
    log->file = file;
    pthread_mutex_unlock(&log->lock);
    return true;
}

void run_log_close(RunLog *log) {
    pthread_mutex_lock(&log->lock);
    FILE *file = g_steal_pointer(&log->file);
    pthread_mutex_unlock(&log->lock);
    if (file)
        fclose(file);
}

void run_log_free(RunLog *log) {
    if (!log)
        return;
    run_log_close(log);
    pthread_mutex_destroy(&log->lock);
    g_free(log);
}

static char *json_line(const char *time, LogLevel level, const char *message) {
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *line = yyjson_mut_obj(doc);
    json_mut_set_string(doc, line, "level", level_names[level]);
    json_mut_set_string(doc, line, "msg", message);
    json_mut_set_string(doc, line, "time", time);
    return json_mut_write(line, NULL);
}

void run_log(RunLog *log, LogLevel level, const char *format, ...) {
    if (level > log->level)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *time = time_format(g_get_real_time()), *line = json_line(time, level, message);
    g_autofree char *shown = text_printable(message);
    pthread_mutex_lock(&log->lock);
    fprintf(stderr, "time=\"%s\" level=%s msg=\"%s\"\n", time, level_names[level], shown);
    if (log->file) {
        fprintf(log->file, "%s\n", line);
        fflush(log->file);
    }
    pthread_mutex_unlock(&log->lock);
}

bool log_level_parse(const char *text, LogLevel *out, GError **error) {
    static const struct {
        const char *name;
        LogLevel level;
    } levels[] = {{"panic", LOG_ERROR},     {"fatal", LOG_ERROR}, {"error", LOG_ERROR}, {"warn", LOG_WARNING},
                  {"warning", LOG_WARNING}, {"info", LOG_INFO},   {"debug", LOG_DEBUG}, {"trace", LOG_DEBUG}};
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        if (g_ascii_strcasecmp(text, levels[i].name) == 0) {
            *out = levels[i].level;
            return true;
        }
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                "\"%s\" is no level of a log: panic, fatal, error, warn, info, debug, trace", text);
    return false;
}
