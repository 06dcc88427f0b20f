/* The log of a run: for people on stderr, and as JSON lines in its archive (meta/run.log). Thread-safe. */
#pragma once

#include "base/error.h"

typedef struct RunLog RunLog;
typedef enum { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG } LogLevel;

/* Lines above `level` are not written. */
RunLog *run_log_new(LogLevel level);
/* From now on lines go to this file too. */
bool run_log_open(RunLog *log, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* ... and no longer. */
void run_log_close(RunLog *log);
void run_log_free(RunLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunLog, run_log_free)

void run_log(RunLog *log, LogLevel level, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* panic, fatal, error, warn, info, debug, trace; USAGE for others. */
bool log_level_parse(const char *text, LogLevel *out, GError **error);
