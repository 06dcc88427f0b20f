/* Plugins' objects in the cluster. */
#include "sonobuoy/aggregator-internal.h"

#include "base/text.h"

#include <string.h>

#define GRACE_SECONDS "60"
enum { NODES_A_PAGE = 100 }; /* a node tells of all its images */

/* An object that is there already is ours: an aggregator before this one was ended just after it made it. */
static bool post(Run *run, const char *path, yyjson_mut_doc *object, GError **error) {
    size_t length;
    g_autofree char *body = json_mut_write(yyjson_mut_doc_get_root(object), &length);
    KubeRequest request = {.method = "POST", .path = path, .body = body, .body_length = length};
    g_auto(HttpResponse) response = {0};
    GError *failure = NULL;
    if (kube_client_request(run->options->client, &request, &response, &failure))
        return true;
    if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_EXISTS)) {
        g_error_free(failure);
        return true;
    }
    g_propagate_error(error, failure);
    return false;
}

static char *namespaced(const Run *run, const char *base, const char *resource) {
    return g_strdup_printf("%s/namespaces/%s/%s", base, run->options->config->namespace_, resource);
}

static bool create(Run *run, Running *running, GError **error) {
    bool once = running->plugin->driver == PLUGIN_JOB;
    Launch launch = {
        .plugin = running->plugin,
        .config = run->options->config,
        .session = running->state->session,
        .url = run->url,
        .authority = authority_pem(run->authority),
        .owner_name = run->pod_name,
        .owner_uid = run->state->pod_uid,
    };
    g_auto(KeyPair) pair = {0};
    if (!authority_client(run->authority, running->plugin->name, &pair, error))
        return false;
    g_autoptr(yyjson_mut_doc) secret = driver_secret(&launch, &pair), workload = driver_workload(&launch);
    g_autofree char *secrets = namespaced(run, "/api/v1", "secrets");
    g_autofree char *workloads =
        once ? namespaced(run, "/api/v1", "pods") : namespaced(run, "/apis/apps/v1", "daemonsets");
    return post(run, secrets, secret, error) && post(run, workloads, workload, error);
}

/* --- what is expected -------------------------------------------------------------------------------- */

typedef struct {
    const Running *running;
    GStrvBuilder *nodes;
} Expecting;

static bool expect_page(yyjson_val *nodes, size_t bytes, void *data, GError **error) {
    Expecting *expecting = data;
    g_auto(GStrv) names = driver_expected_nodes(expecting->running->plugin, nodes);
    g_strv_builder_addv(expecting->nodes, (const char **)names);
    return true;
}

/* Where results are to come from; NULL with an error where that is nowhere. */
static GStrv expected_nodes(Run *run, const Running *running, GError **error) {
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    Expecting expecting = {running, builder};
    KubeListQuery query = {.resource = &resource_nodes, .limit = NODES_A_PAGE};
    g_auto(KubeListResult) result = {0};
    if (running->plugin->driver == PLUGIN_JOB)
        g_strv_builder_add(builder, STATUS_GLOBAL);
    else if (!kube_list(run->options->client, &query, expect_page, &expecting, &result, error))
        return NULL;
    g_auto(GStrv) nodes = g_strv_builder_end(builder);
    if (*nodes)
        return g_steal_pointer(&nodes);
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                        "no node takes its pods, by its node selector, its affinity and the nodes' taints");
    return NULL;
}

/* --- starting -------------------------------------------------------------------------------------------- */

/* The plugin's state, of before or new; where nothing can be expected of it: with an error, and with none of its nodes
 * known. */
static bool have_state(Run *run, Running *running, GError **error) {
    running->state = run_state_find(run->state, running->plugin->name);
    if (running->state)
        return true;
    StatePlugin *state = running->state = g_new0(StatePlugin, 1);
    state->plugin = g_strdup(running->plugin->name);
    state->session = g_strdup_printf("%08x%08x", g_random_int(), g_random_int());
    state->launched = g_get_real_time();
    state->nodes = expected_nodes(run, running, error);
    bool expected = state->nodes != NULL;
    if (!expected && run_is_handed_on(run)) { /* nothing is known of it, and the next aggregator asks again */
        g_clear_pointer(&running->state, state_plugin_free);
        return false;
    }
    if (!expected)
        state->nodes = g_strsplit(STATUS_GLOBAL, ",", 1);
    g_ptr_array_add(run->state->plugins, state);
    run_save(run);
    return expected;
}

static bool is_missing(Run *run, const Running *running) {
    g_auto(GStrv) missing = collection_missing(run->collection, running->plugin->name);
    return *missing != NULL;
}

void launch_plugin(Run *run, Running *running) {
    const char *name = running->plugin->name;
    g_autoptr(GError) failure = NULL;
    bool known = have_state(run, running, &failure);
    StatePlugin *state = running->state;
    if (!state)
        return;
    running->launched = g_get_monotonic_time() - MAX(g_get_real_time() - state->launched, 0);
    for (char **node = state->nodes; *node; node++)
        collection_expect(run->collection, name, *node);
    if (state->created || !is_missing(run, running))
        return;
    if (known && create(run, running, &failure)) {
        state->created = true;
        run_save(run);
        run_log(run->options->log, LOG_INFO, "started plugin %s", name);
        return;
    }
    if (run_is_handed_on(run))
        return;
    g_autofree char *reason = g_strdup_printf("plugin %s could not be started: %s", name, failure->message);
    for (char **node = state->nodes; *node; node++)
        collection_fail(run->collection, name, *node, reason, NULL);
}

/* --- and away again ------------------------------------------------------------------------------------ */

static void delete_all(Run *run, const char *path, const char *session) {
    g_autofree char *selector = driver_selector(session), *escaped = http_escape(selector, NULL);
    g_autofree char *target = g_strdup_printf(
        "%s?labelSelector=%s&propagationPolicy=Background&gracePeriodSeconds=" GRACE_SECONDS, path, escaped);
    KubeRequest request = {.method = "DELETE", .path = target};
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) failure = NULL;
    if (!kube_client_request(run->options->client, &request, &response, &failure))
        run_log(run->options->log, LOG_WARNING, "a plugin's objects could not be deleted: %s", failure->message);
}

void launch_clean_up(Run *run) {
    g_autofree char *pods = namespaced(run, "/api/v1", "pods"), *secrets = namespaced(run, "/api/v1", "secrets");
    g_autofree char *daemon_sets = namespaced(run, "/apis/apps/v1", "daemonsets");
    for (guint i = 0; i < run->running->len; i++) {
        const Running *running = run->running->pdata[i];
        if (running->plugin->skip_cleanup || !running->state)
            continue;
        delete_all(run, running->plugin->driver == PLUGIN_JOB ? pods : daemon_sets, running->state->session);
        delete_all(run, secrets, running->state->session);
    }
}
