/* Progress on stderr: a line redrawn on a terminal, one line every ten seconds otherwise.
 * Thread-safe; reports from many workers are counters, drawn by a thread of its own. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Progress Progress;

typedef enum {
    PROGRESS_NONE,  /* nothing is drawn */
    PROGRESS_LINE,  /* the line */
    PROGRESS_BYTES, /* the line for what is bytes alone: the total is of them */
    PROGRESS_KINDS, /* and a line that stays for each kind that is done */
} ProgressShown;

/* `verb`: "Backing up"; copied. */
Progress *progress_start(const char *verb, ProgressShown shown);
/* Another part of the work begins: counts anew, under another verb. */
void progress_restart(Progress *progress, const char *verb);
/* Counts up; any argument may be 0. */
void progress_add(Progress *progress, guint64 items, guint64 bytes);
/* What is expected in all, where known; enables bar and time left. Of bytes with PROGRESS_BYTES. */
void progress_set_total(Progress *progress, guint64 items);
/* How many kinds there are, where known: a measure where the total is not. */
void progress_set_kinds(Progress *progress, guint64 kinds);
/* One of them is done; took_us: microseconds. One without objects has no line. */
void progress_kind_done(Progress *progress, const char *kind, guint64 items, gint64 took_us);
/* A word about what is being done now ("secrets"); copied. */
void progress_set_note(Progress *progress, const char *note);
/* Clears the line, prints nothing more, frees. NULL allowed, as everywhere here. */
void progress_stop(Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_stop)

/* Writes whole lines to stderr in one piece, in place of a line of progress, which is drawn anew behind them. */
void progress_print_above(const char *lines);
