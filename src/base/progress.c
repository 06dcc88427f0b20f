#include "base/progress.h"

#include "base/progress-internal.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { REDRAW_MS = 200, LINE_MS = 10000 };

/* An estimate beyond a year says nothing. */
enum { SECONDS_LEFT_MAX = 365 * 24 * 3600 };

/* What the rate shown is of, and what the time left is reckoned from, which shall not jump. In seconds. */
enum { RATE_MEMORY = 3, LEFT_MEMORY = 20 };

struct Progress {
    ProgressShown shown;
    atomic_ullong items, bytes, total, kinds, kinds_done;
    pthread_mutex_t lock; /* of what follows, until the thread's own */
    pthread_cond_t stopped;
    bool stop;
    guint part; /* counts progress_restart() */
    char *verb;
    char note[64];
    bool terminal;
    pthread_t thread;
    bool has_thread;
};

/* The thread's own: what it saw the last time. */
typedef struct {
    guint part;
    gint64 at;
    guint64 items, bytes;
    ProgressRate items_rate, bytes_rate, left_rate;
} Seen;

void progress_rate_add(ProgressRate *rate, double count, double seconds) {
    double kept = rate->memory / (rate->memory + seconds);
    rate->count = rate->count * kept + count;
    rate->seconds = rate->seconds * kept + seconds;
}

double progress_rate_get(const ProgressRate *rate) {
    return rate->seconds > 0 ? rate->count / rate->seconds : 0;
}

static void append_bar(GString *line, guint64 items, guint64 total) {
    enum { WIDTH = 20 };
    guint filled = (guint)((double)MIN(items, total) / (double)total * WIDTH);
    g_string_append(line, " [");
    for (guint i = 0; i < WIDTH; i++)
        g_string_append_c(line, i < filled ? '#' : '.');
    g_string_append_c(line, ']');
}

static void append_counts(GString *line, const ProgressState *state) {
    g_autofree char *bytes = bytes_format(state->bytes), *speed = bytes_format((guint64)state->bytes_rate);
    if (state->only_bytes) {
        g_autofree char *total = bytes_format(state->total);
        g_string_append_printf(line, " %s%s%s, %s/s", bytes, state->total ? " of " : "", state->total ? total : "",
                               speed);
        return;
    }
    g_string_append_printf(line, " %" G_GUINT64_FORMAT, state->items);
    if (state->total > 0)
        g_string_append_printf(line, "/%" G_GUINT64_FORMAT, state->total);
    g_string_append(line, " objects");
    if (state->total == 0 && state->kinds > 0)
        g_string_append_printf(line, ", %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " kinds", state->kinds_done,
                               state->kinds);
    g_string_append_printf(line, ", %s, %.0f/s, %s/s", bytes, state->items_rate, speed);
}

char *progress_text(const ProgressState *state) {
    g_autoptr(GString) line = g_string_new(state->verb);
    if (state->total > 0 && state->bar)
        append_bar(line, state->items, state->total);
    append_counts(line, state);
    if (state->seconds_left > 0 && state->seconds_left < SECONDS_LEFT_MAX) {
        g_autofree char *left = duration_format_short((gint64)(state->seconds_left * G_USEC_PER_SEC));
        g_string_append_printf(line, ", %s left", left);
    }
    if (*state->note)
        g_string_append_printf(line, "  %s", state->note);
    return g_string_free(g_steal_pointer(&line), FALSE);
}

/* What came since the last time; `part` is another one where counting began anew. */
static void look(const Progress *progress, Seen *seen, guint part) {
    gint64 now = g_get_monotonic_time();
    guint64 bytes = atomic_load(&progress->bytes),
            items = progress->shown == PROGRESS_BYTES ? bytes : atomic_load(&progress->items);
    if (part != seen->part)
        *seen = (Seen){.part = part,
                       .at = seen->at,
                       .items_rate = {.memory = RATE_MEMORY},
                       .bytes_rate = {.memory = RATE_MEMORY},
                       .left_rate = {.memory = LEFT_MEMORY}};
    double seconds = (double)(now - seen->at) / G_USEC_PER_SEC;
    double more = items > seen->items ? (double)(items - seen->items) : 0;
    progress_rate_add(&seen->items_rate, more, seconds);
    progress_rate_add(&seen->left_rate, more, seconds);
    progress_rate_add(&seen->bytes_rate, bytes > seen->bytes ? (double)(bytes - seen->bytes) : 0, seconds);
    seen->at = now;
    seen->items = items;
    seen->bytes = bytes;
}

static char *progress_line(Progress *progress, Seen *seen) {
    pthread_mutex_lock(&progress->lock);
    g_autofree char *verb = g_strdup(progress->verb), *note = g_strdup(progress->note);
    guint part = progress->part;
    pthread_mutex_unlock(&progress->lock);
    look(progress, seen, part);
    guint64 total = atomic_load(&progress->total);
    double rate = progress_rate_get(&seen->left_rate);
    ProgressState state = {.verb = verb,
                           .note = note,
                           .items = seen->items,
                           .total = total,
                           .bytes = seen->bytes,
                           .kinds_done = atomic_load(&progress->kinds_done),
                           .kinds = atomic_load(&progress->kinds),
                           .items_rate = progress_rate_get(&seen->items_rate),
                           .bytes_rate = progress_rate_get(&seen->bytes_rate),
                           .seconds_left = total > seen->items && rate > 0 ? (double)(total - seen->items) / rate : 0,
                           .bar = progress->terminal,
                           .only_bytes = progress->shown == PROGRESS_BYTES};
    return progress_text(&state);
}

/* Draws over the last line. What is wider than the terminal would wrap, and the
 * next drawing would clear its second half only. */
static void progress_redraw(const char *line) {
    struct winsize size = {0};
    glong columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
    g_autofree char *cut = g_utf8_substring(line, 0, MIN(columns, g_utf8_strlen(line, -1)));
    fprintf(stderr, "\r\033[K%s", cut);
}

static void *progress_main(void *data) {
    Progress *progress = data;
    int wait_ms = progress->terminal ? REDRAW_MS : LINE_MS;
    Seen seen = {.part = G_MAXUINT, .at = g_get_monotonic_time()};
    for (;;) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        gint64 nanos = until.tv_nsec + wait_ms * 1000000LL;
        until.tv_sec += nanos / 1000000000;
        until.tv_nsec = nanos % 1000000000;
        pthread_mutex_lock(&progress->lock);
        int timed_out = 0;
        while (!progress->stop && !timed_out)
            timed_out = pthread_cond_timedwait(&progress->stopped, &progress->lock, &until);
        bool stop = progress->stop;
        pthread_mutex_unlock(&progress->lock);
        if (stop)
            return NULL;
        g_autofree char *line = progress_line(progress, &seen);
        if (progress->terminal)
            progress_redraw(line);
        else
            fprintf(stderr, "%s\n", line);
    }
}

static bool is_terminal(void) {
    return isatty(STDERR_FILENO) && g_strcmp0(getenv("TERM"), "dumb") != 0;
}

Progress *progress_start(const char *verb, ProgressShown shown) {
    Progress *progress = g_new0(Progress, 1);
    progress->verb = g_strdup(verb);
    progress->shown = shown;
    progress->terminal = is_terminal();
    pthread_mutex_init(&progress->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&progress->stopped, &attributes);
    pthread_condattr_destroy(&attributes);
    if (shown != PROGRESS_NONE)
        progress->has_thread = pthread_create(&progress->thread, NULL, progress_main, progress) == 0;
    return progress;
}

void progress_add(Progress *progress, guint64 items, guint64 bytes) {
    if (!progress)
        return;
    atomic_fetch_add(&progress->items, items);
    atomic_fetch_add(&progress->bytes, bytes);
}

void progress_set_total(Progress *progress, guint64 items) {
    if (progress)
        atomic_store(&progress->total, items);
}

void progress_set_kinds(Progress *progress, guint64 kinds) {
    if (progress)
        atomic_store(&progress->kinds, kinds);
}

void progress_restart(Progress *progress, const char *verb) {
    if (!progress)
        return;
    pthread_mutex_lock(&progress->lock);
    g_free(progress->verb);
    progress->verb = g_strdup(verb);
    progress->note[0] = '\0';
    progress->part++;
    atomic_store(&progress->items, 0);
    atomic_store(&progress->bytes, 0);
    atomic_store(&progress->total, 0);
    atomic_store(&progress->kinds, 0);
    atomic_store(&progress->kinds_done, 0);
    pthread_mutex_unlock(&progress->lock);
}

void progress_print_above(const char *lines) {
    fprintf(stderr, "%s%s", is_terminal() ? "\r\033[K" : "", lines);
}

void progress_kind_done(Progress *progress, const char *kind, guint64 items, gint64 took_us) {
    if (!progress)
        return;
    atomic_fetch_add(&progress->kinds_done, 1);
    if (progress->shown != PROGRESS_KINDS || items == 0)
        return;
    g_autofree char *shown = text_printable(kind), *count = g_strdup_printf("%" G_GUINT64_FORMAT, items);
    g_autofree char *line = g_strdup_printf("  %-56s %8s object%s %7.1f s\n", shown, count, items == 1 ? " " : "s",
                                            (double)took_us / G_USEC_PER_SEC);
    progress_print_above(line);
}

void progress_set_note(Progress *progress, const char *note) {
    if (!progress)
        return;
    /* It may name what a server sent: nothing that moves a cursor. */
    g_autofree char *text = g_strdup(note);
    for (char *c = text; *c; c++)
        *c = g_ascii_isprint(*c) ? *c : '?';
    pthread_mutex_lock(&progress->lock);
    g_strlcpy(progress->note, text, sizeof progress->note);
    pthread_mutex_unlock(&progress->lock);
}

void progress_stop(Progress *progress) {
    if (!progress)
        return;
    pthread_mutex_lock(&progress->lock);
    progress->stop = true;
    pthread_cond_signal(&progress->stopped);
    pthread_mutex_unlock(&progress->lock);
    if (progress->has_thread) {
        pthread_join(progress->thread, NULL);
        if (progress->terminal)
            fputs("\r\033[K", stderr);
    }
    pthread_cond_destroy(&progress->stopped);
    pthread_mutex_destroy(&progress->lock);
    g_free(progress->verb);
    g_free(progress);
}
