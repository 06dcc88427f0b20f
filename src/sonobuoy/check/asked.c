/* What nodes and pods say of themselves, by way of the API server. */
#include "sonobuoy/check/areas.h"

#include "base/workers.h"

#include <string.h>

enum { UNREADY_ASKED = 4, REASON_LENGTH_MAX = 300, THREADS = 8 };

bool answer_is_denied(const SnapshotAnswer *answer) {
    /* The refusal of a kubelet is plain text. */
    return (answer->status == 401 || answer->status == 403) && answer->json;
}

char *answer_reason(const SnapshotAnswer *answer) {
    static const char head[] = "error trying to reach service: ";
    if (g_error_matches(answer->error, BASE_ERROR, BASE_ERROR_TIMEOUT))
        return g_strdup_printf("no answer within %.0f s", (double)answer->took / G_USEC_PER_SEC);
    const char *text = json_get_string(yyjson_doc_get_root(answer->json), "message");
    if (!text && answer->status)
        text = answer->text;
    if (!text || !*text)
        return g_strdup(answer->error ? answer->error->message : "an empty answer");
    if (g_str_has_prefix(text, head))
        text += strlen(head);
    char *reason = g_strndup(text, MIN(strcspn(text, "\n"), REASON_LENGTH_MAX));
    return g_strchomp(reason);
}

/* --- kubelets -------------------------------------------------------------------------------------------- */

/* Asks several nodes for the same. */
static GArray *ask_nodes(Snapshot *snapshot, const GPtrArray *nodes, const char *suffix) {
    GArray *answers = g_array_new(false, false, sizeof(NodeAnswer));
    g_autoptr(GPtrArray) paths = g_ptr_array_new_null_terminated(nodes->len, g_free, true);
    for (guint i = 0; i < nodes->len; i++)
        g_ptr_array_add(paths, g_strconcat("/api/v1/nodes/", (const char *)nodes->pdata[i], suffix, NULL));
    g_autoptr(GPtrArray) got = snapshot_get_all(snapshot, (const char *const *)paths->pdata);
    for (guint i = 0; i < nodes->len; i++) {
        NodeAnswer answer = {nodes->pdata[i], got->pdata[i]};
        g_array_append_val(answers, answer);
    }
    return answers;
}

GArray *kubelets_asked(Snapshot *snapshot) {
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    guint unready = 0;
    for (const char *const *name = snapshot_asked_nodes(snapshot); *name; name++) {
        yyjson_val *node = snapshot_find(snapshot, SNAPSHOT_NODES, NULL, *name);
        if (g_strcmp0(condition_status(node, "Ready"), "True") == 0 || unready++ < UNREADY_ASKED)
            g_ptr_array_add(nodes, (void *)*name);
    }
    return ask_nodes(snapshot, nodes, "/proxy/healthz");
}

/* The nodes whose kubelet answered; unknown where none may be asked, or none answers. */
static GPtrArray *kubelets_answering(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GArray) asked = kubelets_asked(snapshot);
    GPtrArray *nodes = g_ptr_array_new();
    const SnapshotAnswer *denied = NULL;
    for (guint i = 0; i < asked->len; i++) {
        const NodeAnswer *answer = &g_array_index(asked, NodeAnswer, i);
        if (answer_is_denied(answer->answer))
            denied = answer->answer;
        else if (!answer->answer->error)
            g_ptr_array_add(nodes, (void *)answer->node);
    }
    if (result && denied) {
        g_autofree char *reason = answer_reason(denied);
        check_unknown(result, NULL, "%s", reason);
    } else if (result && !nodes->len) {
        check_unknown(result, NULL, "no kubelet of the %u that were asked answers", asked->len);
    }
    return nodes;
}

GArray *kubelets_answers(Snapshot *snapshot, const char *suffix, CheckResult *result) {
    g_autoptr(GPtrArray) nodes = kubelets_answering(snapshot, result);
    GArray *answers = ask_nodes(snapshot, nodes, suffix);
    for (guint i = 0; i < answers->len && result; i++) {
        const SnapshotAnswer *answer = g_array_index(answers, NodeAnswer, i).answer;
        if (!answer_is_denied(answer))
            continue;
        g_autofree char *reason = answer_reason(answer);
        check_unknown(result, NULL, "%s", reason);
        break;
    }
    return answers;
}

/* --- metrics ----------------------------------------------------------------------------------------------- */

typedef struct {
    Snapshot *snapshot;
    Queue *queue; /* paths */
} Fetching;

static void fetch_some(unsigned index, void *data) {
    const Fetching *fetching = data;
    for (const char *path; (path = queue_pop(fetching->queue));)
        snapshot_metrics(fetching->snapshot, path);
}

GPtrArray *metrics_of_all(Snapshot *snapshot, const GPtrArray *paths) {
    GPtrArray *all = g_ptr_array_new();
    g_autoptr(Queue) queue = queue_new(MAX(paths->len, 1), NULL);
    Fetching fetching = {snapshot, queue};
    for (guint i = 0; i < paths->len; i++)
        if (!queue_push(queue, paths->pdata[i]))
            g_assert_not_reached();
    queue_close(queue);
    workers_join(workers_start(CLAMP(paths->len, 1, THREADS), "metrics", fetch_some, &fetching));
    for (guint i = 0; i < paths->len; i++)
        g_ptr_array_add(all, (void *)snapshot_metrics(snapshot, paths->pdata[i]));
    return all;
}

GPtrArray *kubelets_metrics(Snapshot *snapshot, CheckResult *result, GPtrArray **out_nodes) {
    g_autoptr(GPtrArray) nodes = kubelets_answering(snapshot, result);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < nodes->len; i++)
        g_ptr_array_add(paths, g_strdup_printf("/api/v1/nodes/%s/proxy/metrics", (const char *)nodes->pdata[i]));
    *out_nodes = g_steal_pointer(&nodes);
    return metrics_of_all(snapshot, paths);
}

/* --- clocks -------------------------------------------------------------------------------------------------- */

bool server_clock(Snapshot *snapshot, gint64 *out_least, gint64 *out_most) {
    const SnapshotAnswer *answer = snapshot_get(snapshot, "/version");
    *out_least = *out_most = 0;
    if (!answer->date)
        return false;
    *out_least = answer->date - answer->at;
    *out_most = answer->date + G_USEC_PER_SEC - (answer->at - answer->took);
    return true;
}
