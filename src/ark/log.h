/* The log of one backup or restore, stored beside it: Velero's text format
 * (logfmt: time, level, msg, then fields), gzip. Also shown on stderr when asked. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { ARK_LOG_DEBUG, ARK_LOG_INFO, ARK_LOG_WARNING, ARK_LOG_ERROR } ArkLogLevel;

typedef struct ArkLog ArkLog;

/* `field`: what each line ends with, "backup=velero/nightly"; copied. Lines of
 * level `echo` and above also go to stderr. */
ArkLog *ark_log_new(const char *field, ArkLogLevel echo);
void ark_log_free(ArkLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkLog, ark_log_free)

/* Thread-safe. One line; line breaks and quotes are escaped. */
void ark_log(ArkLog *log, ArkLogLevel level, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The gzipped log so far; ends it: no line after this. */
GBytes *ark_log_finish(ArkLog *log);
