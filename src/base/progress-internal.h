/* What the drawing of progress computes, for its tests. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A rate that forgets what is longer ago than some `memory` seconds. Zeroed but for that, it remembers nothing, and
 * is the mean as long as little time is over. */
typedef struct {
    double memory, count, seconds;
} ProgressRate;

/* `count` more in these seconds. */
void progress_rate_add(ProgressRate *rate, double count, double seconds);
/* A second; 0 where nothing was added. */
double progress_rate_get(const ProgressRate *rate);

typedef struct {
    const char *verb, *note; /* note: "" for none */
    guint64 items, total, bytes, kinds_done, kinds;
    double items_rate, bytes_rate; /* a second */
    double seconds_left;           /* 0: not known */
    bool bar;
    bool only_bytes; /* items and total are bytes */
} ProgressState;

/* "Restoring 5/10 objects, 2 KiB, 3/s, 1 KiB/s, 2s left  secrets", "Retrieving 2 MiB of 8 MiB, 1 MiB/s, 6s left".
 * g_free() it. */
char *progress_text(const ProgressState *state);
