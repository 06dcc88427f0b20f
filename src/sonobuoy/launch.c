/* Plugins' objects in the cluster. */
#include "sonobuoy/aggregator-internal.h"

#include "base/text.h"

#include <string.h>

#define GRACE_SECONDS "60"
enum { NODES_A_PAGE = 100 }; /* a node tells of all its images */

static void new_session(char session[17]) {
    g_snprintf(session, 17, "%08x%08x", g_random_int(), g_random_int());
}

static bool post(Run *run, const char *path, yyjson_mut_doc *object, GError **error) {
    size_t length;
    g_autofree char *body = json_mut_write(yyjson_mut_doc_get_root(object), &length);
    KubeRequest request = {.method = "POST", .path = path, .body = body, .body_length = length};
    g_auto(HttpResponse) response = {0};
    return kube_client_request(run->options->client, &request, &response, error);
}

static char *namespaced(const Run *run, const char *base, const char *resource) {
    return g_strdup_printf("%s/namespaces/%s/%s", base, run->options->config->namespace_, resource);
}

static bool create(Run *run, Running *running, GError **error) {
    bool once = running->plugin->driver == PLUGIN_JOB;
    Launch launch = {
        .plugin = running->plugin,
        .config = run->options->config,
        .session = running->session,
        .url = run->url,
        .authority = authority_pem(run->authority),
        .owner_name = run->pod_name,
        .owner_uid = run->pod_uid,
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
    Run *run;
    const Running *running;
    bool any;
} Expecting;

static bool expect_page(yyjson_val *nodes, size_t bytes, void *data, GError **error) {
    Expecting *expecting = data;
    g_auto(GStrv) names = driver_expected_nodes(expecting->running->plugin, nodes);
    for (char **name = names; *name; name++)
        collection_expect(expecting->run->collection, expecting->running->plugin->name, *name);
    expecting->any |= *names != NULL;
    return true;
}

static bool expect_nodes(Run *run, const Running *running, GError **error) {
    Expecting expecting = {run, running, false};
    KubeListQuery query = {.resource = &resource_nodes, .limit = NODES_A_PAGE};
    g_auto(KubeListResult) result = {0};
    if (!kube_list(run->options->client, &query, expect_page, &expecting, &result, error))
        return false;
    if (!expecting.any)
        run_log(run->options->log, LOG_WARNING,
                "plugin %s: no node takes its pods, by node selector, affinity and taints; nothing is expected of it",
                running->plugin->name);
    return true;
}

void launch_plugin(Run *run, Running *running) {
    const char *name = running->plugin->name;
    g_autoptr(GError) failure = NULL;
    new_session(running->session);
    running->launched = g_get_monotonic_time();
    bool expected = true;
    if (running->plugin->driver == PLUGIN_JOB)
        collection_expect(run->collection, name, STATUS_GLOBAL);
    else
        expected = expect_nodes(run, running, &failure);
    if (expected && create(run, running, &failure)) {
        run_log(run->options->log, LOG_INFO, "started plugin %s", name);
        return;
    }
    running->failed = true;
    g_autofree char *reason = g_strdup_printf("plugin %s could not be started: %s", name, failure->message);
    g_auto(GStrv) missing = collection_missing(run->collection, name);
    if (!*missing) {
        g_strfreev(missing);
        missing = g_strsplit(STATUS_GLOBAL, ",", 1);
        collection_expect(run->collection, name, STATUS_GLOBAL);
    }
    for (char **node = missing; *node; node++)
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
        if (running->plugin->skip_cleanup)
            continue;
        delete_all(run, running->plugin->driver == PLUGIN_JOB ? pods : daemon_sets, running->session);
        delete_all(run, secrets, running->session);
    }
}
