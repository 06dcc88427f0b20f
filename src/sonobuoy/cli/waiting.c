#include "sonobuoy/cli/waiting.h"

#include "base/text.h"
#include "sonobuoy/observe.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* An API server may be away for that long, as in an upgrade. */
#define OUTAGE_US (10 * 60 * G_USEC_PER_SEC)

typedef struct {
    KubeClient *client;
    const char *namespace_;
    bool silent; /* no words */
    const WaitOptions *options;
    GHashTable *said; /* lines, without blanks */
    char *json;       /* the last one that was printed */
    gint64 outage;    /* since when the server cannot be asked; 0: it can */
    gint64 trouble;   /* since when the aggregator has trouble that may pass; 0: it has none */
} Wait;

/* --- telling ------------------------------------------------------------------------------------------ */

/* A line that was not said before, with the time. */
static void say(Wait *wait, const char *line) {
    g_autoptr(GString) key = g_string_new(NULL);
    for (const char *at = line; *at; at++)
        if (*at != ' ')
            g_string_append_c(key, *at);
    if (key->len == 0 || !g_hash_table_add(wait->said, g_strdup(key->str)) || wait->silent)
        return;
    time_t now = time(NULL);
    struct tm parts;
    char clock[16];
    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&now, &parts));
    text_print(stdout, "%s %s\n", clock, line);
    fflush(stdout);
}

static void say_entry(Wait *wait, const StatusEntry *entry) {
    yyjson_mut_val *progress = entry->progress ? yyjson_mut_doc_get_root(entry->progress) : NULL, *name;
    const char *message = json_mut_get_string(progress, "msg");
    const char *node = g_str_equal(entry->node, STATUS_GLOBAL) ? "" : entry->node;
    size_t index, count;
    if (message && *message) {
        g_autofree char *line = g_strdup_printf("%s%s%s: %s", entry->plugin, *node ? " on " : "", node, message);
        say(wait, line);
    }
    yyjson_mut_arr_foreach(yyjson_mut_obj_get(progress, "failures"), index, count, name) {
        g_autofree char *line =
            g_strdup_printf("%s%s%s: failed: %s", entry->plugin, *node ? " on " : "", node, yyjson_mut_get_str(name));
        say(wait, line);
    }
}

static void print_json(Wait *wait, const RunView *view) {
    g_autofree char *text = view->status ? run_status_write(view->status) : NULL;
    if (!text || g_strcmp0(text, wait->json) == 0)
        return;
    puts(text);
    fflush(stdout);
    g_free(wait->json);
    wait->json = g_steal_pointer(&text);
}

static void say_view(Wait *wait, const RunView *view) {
    if (wait->options->json)
        print_json(wait, view);
    for (guint i = 0; i < view->notes->len; i++)
        say(wait, view->notes->pdata[i]);
    if (!view->status)
        return;
    for (guint i = 0; i < view->status->entries->len; i++)
        say_entry(wait, view->status->entries->pdata[i]);
    g_autoptr(GPtrArray) reasons = run_status_reasons(view->status);
    for (guint i = 0; i < reasons->len; i++)
        say(wait, reasons->pdata[i]);
    g_autofree char *text = run_status_text(view->status, false);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        say(wait, *line);
}

/* --- waiting -------------------------------------------------------------------------------------------- */

typedef enum { GOES_ON, IS_OVER, CANNOT_END } Verdict;

/* Whether the aggregator's trouble may still pass. */
static bool is_patient(Wait *wait, const RunView *view) {
    gint64 now = g_get_monotonic_time();
    if (view->state != VIEW_TROUBLED || !view->may_pass)
        wait->trouble = 0;
    else if (!wait->trouble)
        wait->trouble = now;
    return wait->trouble && now - wait->trouble < wait->options->pull_timeout;
}

static Verdict judge(Wait *wait, const RunView *view, GError **error) {
    const char *why = NULL;
    bool patient = is_patient(wait, view);
    if (view->status && view->status->phase == RUN_COMPLETE)
        return IS_OVER;
    if (view->status && view->status->phase == RUN_FAILED)
        why = "the run has failed; `sonobuoy logs` tells why";
    else if (view->state == VIEW_ABSENT)
        why = "there is no aggregator in it: its pod is not there, or not any longer";
    else if (view->state == VIEW_ENDED)
        why = "the aggregator ended before the run was over; `sonobuoy logs -p sonobuoy` tells why";
    else if (view->state == VIEW_TROUBLED && !patient)
        why = "the aggregator cannot start";
    if (!why)
        return GOES_ON;
    g_autofree char *notes = NULL;
    if (view->notes->len > 0) {
        g_ptr_array_add(view->notes, NULL);
        notes = g_strjoinv("; ", (char **)view->notes->pdata);
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "namespace %s: %s%s%s", wait->namespace_, why, notes ? ": " : "",
                notes ? notes : "");
    return CANNOT_END;
}

/* Looks at the run; an outage of the server is told of, and passes. */
static bool look(Wait *wait, RunView *view, GError **error) {
    g_autoptr(GError) failure = NULL;
    run_view_clear(view);
    if (observe_run(wait->client, wait->namespace_, view, &failure)) {
        if (wait->outage)
            say(wait, "the cluster answers again");
        wait->outage = 0;
        return true;
    }
    gint64 now = g_get_monotonic_time();
    if (!wait->outage)
        wait->outage = now;
    if (!base_error_is_transient(failure) || now - wait->outage > OUTAGE_US) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_autofree char *line = g_strdup_printf("the cluster cannot be asked; asking again: %s", failure->message);
    say(wait, line);
    return true;
}

static bool follow_on(Wait *wait, gint64 deadline, RunView *view, GError **error) {
    for (;;) {
        if (!look(wait, view, error))
            return false;
        if (!wait->outage) {
            say_view(wait, view);
            Verdict verdict = judge(wait, view, error);
            if (verdict != GOES_ON)
                return verdict == IS_OVER;
        }
        if (deadline && g_get_monotonic_time() > deadline) {
            g_set_error(
                error, BASE_ERROR, BASE_ERROR_TIMEOUT,
                "the run is not over, and no longer waited for; it goes on: `sonobuoy status -n %s` tells how it is",
                wait->namespace_);
            return false;
        }
        if (wait->outage ? !cancel_sleep(program_cancel(), G_USEC_PER_SEC, error)
                         : !observe_change(wait->client, wait->namespace_, view, error))
            return false;
    }
}

static bool follow(Wait *wait, gint64 deadline, RunView *view, GError **error) {
    GError *failure = NULL;
    if (follow_on(wait, deadline, view, &failure))
        return true;
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_CANCELLED))
        g_prefix_error(&failure,
                       "the run goes on (`sonobuoy status -n %s` tells how it is, `sonobuoy delete -n %s` ends it): ",
                       wait->namespace_, wait->namespace_);
    g_propagate_error(error, failure);
    return false;
}

int wait_for_run(KubeClient *client, const char *namespace_, const WaitOptions *options, GError **error) {
    Wait wait = {
        .client = client,
        .namespace_ = namespace_,
        .silent = options->json || g_ascii_strcasecmp(options->output, "progress") != 0,
        .options = options,
        .said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };
    gint64 deadline = options->minutes > 0 ? g_get_monotonic_time() + options->minutes * 60 * G_USEC_PER_SEC : 0;
    g_auto(RunView) view = {0};
    bool over = follow(&wait, deadline, &view, error);
    g_hash_table_unref(wait.said);
    g_free(wait.json);
    bool passed = over && (!run_status_is_bad(view.status) || !exit_code_tells(options->exit_code));
    return passed ? EXIT_DONE : EXIT_FAILED;
}
