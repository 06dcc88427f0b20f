#include "sonobuoy/check/check.h"

#include "base/text.h"
#include "base/workers.h"
#include "sonobuoy/check/metrics.h"

#include <string.h>

enum { THREADS = 8 };

const char *const check_areas[] = {"api",       "control-plane", "nodes",    "dns",      "network", "admission",
                                   "workloads", "storage",       "security", "capacity", "upgrade", NULL};

const char *check_outcome_name(CheckOutcome outcome) {
    static const char *const names[] = {
        [CHECK_PASS] = "pass", [CHECK_UNKNOWN] = "unknown", [CHECK_WARN] = "warn", [CHECK_FAIL] = "fail"};
    return names[outcome];
}

const char *check_severity_name(CheckSeverity severity) {
    static const char *const names[] = {[SEVERITY_LOW] = "low",
                                        [SEVERITY_MEDIUM] = "medium",
                                        [SEVERITY_HIGH] = "high",
                                        [SEVERITY_CRITICAL] = "critical"};
    return names[severity];
}

const Check *check_find(const char *id) {
    for (const Check *check = checks; check->id; check++)
        if (g_ascii_strcasecmp(check->id, id) == 0)
            return check;
    return NULL;
}

/* --- findings ---------------------------------------------------------------------------------------- */

static void finding_free(CheckFinding *finding) {
    g_free(finding->object);
    g_free(finding->evidence);
    g_free(finding->fix);
    g_free(finding->excepted);
    g_free(finding);
}

static void result_free(CheckResult *result) {
    g_ptr_array_unref(result->findings);
    g_free(result->summary);
    g_free(result);
}

static CheckResult *result_new(const Check *check, const CheckConfig *config) {
    CheckResult *result = g_new0(CheckResult, 1);
    result->check = check;
    result->config = config;
    result->findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
    return result;
}

static void add(CheckResult *result, CheckOutcome outcome, const char *object, const char *format, va_list arguments)
    G_GNUC_PRINTF(4, 0);
static void add(CheckResult *result, CheckOutcome outcome, const char *object, const char *format, va_list arguments) {
    CheckFinding *finding = g_new0(CheckFinding, 1);
    finding->outcome = outcome;
    finding->object = g_strdup(object);
    finding->evidence = g_strdup_vprintf(format, arguments);
    g_ptr_array_add(result->findings, finding);
}

#define ADD(outcome)                                 \
    va_list arguments;                               \
    va_start(arguments, format);                     \
    add(result, outcome, object, format, arguments); \
    va_end(arguments)

void check_warn(CheckResult *result, const char *object, const char *format, ...) {
    ADD(CHECK_WARN);
}

void check_fail(CheckResult *result, const char *object, const char *format, ...) {
    ADD(CHECK_FAIL);
}

void check_unknown(CheckResult *result, const char *object, const char *format, ...) {
    ADD(CHECK_UNKNOWN);
}

void check_advise(CheckResult *result, const char *format, ...) {
    CheckFinding *finding = result->findings->pdata[result->findings->len - 1];
    va_list arguments;
    va_start(arguments, format);
    g_free(finding->fix);
    finding->fix = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

void check_summary(CheckResult *result, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_free(result->summary);
    result->summary = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

char *check_object(const char *kind, yyjson_val *object) {
    const char *namespace_ = json_get_string(object, "metadata", "namespace"),
               *name = json_get_string(object, "metadata", "name");
    return g_strdup_printf("%s %s%s%s", kind, namespace_ ? namespace_ : "", namespace_ ? "/" : "", name ? name : "?");
}

/* --- exceptions, outcomes -------------------------------------------------------------------------------- */

static bool matches(const CheckException *exception, const Check *check, const CheckFinding *finding, gint64 now) {
    return (!exception->until || exception->until > now) && glob_matches(exception->id, check->id) &&
           (!exception->object || glob_matches(exception->object, finding->object ? finding->object : ""));
}

static void settle(CheckResult *result) {
    gint64 now = g_get_real_time();
    const GPtrArray *exceptions = result->config->exceptions;
    for (guint i = 0; i < result->findings->len; i++) {
        CheckFinding *finding = result->findings->pdata[i];
        for (guint j = 0; j < exceptions->len && !finding->excepted; j++) {
            const CheckException *exception = exceptions->pdata[j];
            if (matches(exception, result->check, finding, now))
                finding->excepted = g_strdup(exception->reason);
        }
        if (!finding->excepted)
            result->outcome = MAX(result->outcome, finding->outcome);
    }
}

static int compare_findings(const void *a, const void *b) {
    const CheckFinding *left = *(CheckFinding *const *)a, *right = *(CheckFinding *const *)b;
    if (left->outcome != right->outcome)
        return left->outcome > right->outcome ? -1 : 1;
    int order = g_strcmp0(left->object, right->object);
    return order ? order : strcmp(left->evidence, right->evidence);
}

/* --- one check --------------------------------------------------------------------------------------------- */

/* Whether all that the check needs is there to be seen; else its outcome is unknown, and says why. */
static bool can_see(Snapshot *snapshot, CheckResult *result) {
    const Check *check = result->check;
    if (check->asks && snapshot_is_archive(snapshot)) {
        check_unknown(result, NULL, "an archive cannot be asked; this check needs the cluster itself");
        return false;
    }
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++) {
        const SnapshotList *list = snapshot_list(snapshot, (SnapshotKind)kind);
        if (!(check->reads >> kind & 1) || !list->error)
            continue;
        check_unknown(result, NULL, "%s could not be read%s", snapshot_kind_name((SnapshotKind)kind),
                      list->partial ? " in all namespaces" : "");
        if (!list->partial)
            return false;
    }
    return true;
}

static void run_check(Snapshot *snapshot, CheckResult *result) {
    gint64 begun = g_get_monotonic_time();
    if (can_see(snapshot, result))
        result->check->run(snapshot, result);
    g_ptr_array_sort(result->findings, compare_findings);
    settle(result);
    result->took = g_get_monotonic_time() - begun;
}

/* --- which ones -------------------------------------------------------------------------------------------- */

static bool pattern_takes(const char *pattern, const Check *check) {
    g_autofree char *id = g_ascii_strdown(check->id, -1), *lower = g_ascii_strdown(pattern, -1);
    return g_str_equal(lower, check->area) || glob_matches(lower, id);
}

static bool any_takes(const char *const *patterns, const Check *check) {
    for (; patterns && *patterns; patterns++)
        if (pattern_takes(*patterns, check))
            return true;
    return false;
}

static bool check_patterns(const char *const *patterns, const char *option, GError **error) {
    for (; patterns && *patterns; patterns++) {
        const Check *check = checks;
        while (check->id && !pattern_takes(*patterns, check))
            check++;
        if (check->id)
            continue;
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "--%s: \"%s\" is neither a check, an area nor a glob that takes any; 'sonobuoy check --list' has "
                    "them all",
                    option, *patterns);
        return false;
    }
    return true;
}

/* --- all of them --------------------------------------------------------------------------------------------- */

typedef struct {
    Snapshot *snapshot;
    Queue *queue; /* CheckResult */
    Cancel *cancel;
} Running;

static void run_some(unsigned index, void *data) {
    const Running *running = data;
    for (CheckResult *result; (result = queue_pop(running->queue));)
        if (!cancel_is_set(running->cancel))
            run_check(running->snapshot, result);
}

static void run_all(Snapshot *snapshot, const CheckReport *report, const CheckOptions *options) {
    g_autoptr(Queue) queue = queue_new(MAX(report->results->len, 1), NULL);
    Running running = {snapshot, queue, options->cancel};
    /* Those that ask wait for the server: they begin first. */
    for (guint asks = 2; asks-- > 0;)
        for (guint i = 0; i < report->results->len; i++) {
            CheckResult *result = report->results->pdata[i];
            if (result->check->asks == asks && !queue_push(queue, result))
                g_assert_not_reached();
        }
    queue_close(queue);
    workers_join(workers_start(options->threads ? options->threads : THREADS, "check", run_some, &running));
}

/* A kind that is read in several parts is named once. */
static void note_blind(Snapshot *snapshot, CheckReport *report, guint64 kinds) {
    g_autoptr(GHashTable) named = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint kind = 0; kind < SNAPSHOT_KINDS; kind++) {
        const SnapshotList *list = snapshot_list(snapshot, (SnapshotKind)kind);
        const char *name = snapshot_kind_name((SnapshotKind)kind);
        if ((kinds >> kind & 1) && list->error && g_hash_table_add(named, (void *)name))
            g_ptr_array_add(report->blind, g_strdup_printf("%s: %s", name, list->error->message));
    }
}

CheckReport *checks_run(Snapshot *snapshot, const CheckOptions *options, GError **error) {
    static CheckConfig *standard;
    static gsize made;
    if (g_once_init_enter(&made)) {
        standard = check_config_new();
        g_once_init_leave(&made, 1);
    }
    if (!check_patterns(options->only, "only", error) || !check_patterns(options->skip, "skip", error))
        return NULL;
    g_autoptr(CheckReport) report = g_new0(CheckReport, 1);
    guint64 kinds = 0;
    bool samples = false;
    gint64 begun = g_get_monotonic_time();
    report->begun = g_get_real_time();
    report->results = g_ptr_array_new_with_free_func((GDestroyNotify)result_free);
    report->blind = g_ptr_array_new_with_free_func(g_free);
    for (const Check *check = checks; check->id; check++)
        if ((!options->only || any_takes(options->only, check)) && !any_takes(options->skip, check)) {
            g_ptr_array_add(report->results, result_new(check, options->config ? options->config : standard));
            kinds |= check->reads | check->may_read;
            samples = samples || check->samples;
        }
    if (samples) /* so that the second one is due when the lists are there */
        snapshot_metrics(snapshot, "/metrics");
    snapshot_load(snapshot, kinds);
    run_all(snapshot, report, options);
    if (cancel_check(options->cancel, error))
        return NULL;
    note_blind(snapshot, report, kinds);
    for (guint i = 0; i < report->results->len; i++)
        report->counts[((const CheckResult *)report->results->pdata[i])->outcome]++;
    KubeClient *client = snapshot_client(snapshot);
    report->server = client ? g_strdup(kube_client_config(client)->server) : NULL;
    report->version = g_strdup(snapshot_version(snapshot)->git_version);
    report->took = g_get_monotonic_time() - begun;
    return g_steal_pointer(&report);
}

void check_report_free(CheckReport *report) {
    if (!report)
        return;
    if (report->results)
        g_ptr_array_unref(report->results);
    if (report->blind)
        g_ptr_array_unref(report->blind);
    g_free(report->server);
    g_free(report->version);
    g_free(report);
}
