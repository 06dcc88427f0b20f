/* The admission chain from end to end: objects that the API server is asked for and does not make. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <string.h>

/* Such as the strictest policies of the standards take: a pod as "restricted" has it, with requests and limits. */
static const struct {
    const char *kind, *resource, *body;
} probes[] = {
    {"ConfigMap", "configmaps",
     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"sonobuoy-check\"},\"data\":{\"a\":\"b\"}"
     "}"},
    {"Pod", "pods",
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"sonobuoy-check\"},\"spec\":{"
     "\"automountServiceAccountToken\":false,\"securityContext\":{\"runAsNonRoot\":true,\"runAsUser\":65534,"
     "\"seccompProfile\":{\"type\":\"RuntimeDefault\"}},\"containers\":[{\"name\":\"check\","
     "\"image\":\"registry.k8s.io/pause:3.10\",\"securityContext\":{\"allowPrivilegeEscalation\":false,"
     "\"capabilities\":{\"drop\":[\"ALL\"]}},\"resources\":{\"requests\":{\"cpu\":\"1m\",\"memory\":\"1Mi\"},"
     "\"limits\":{\"cpu\":\"1m\",\"memory\":\"1Mi\"}}}]}}"},
    {"Service", "services",
     "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"sonobuoy-check\"},\"spec\":{\"ports\":[{"
     "\"port\":80}],\"selector\":{\"app\":\"sonobuoy-check\"}}}"},
    {"PersistentVolumeClaim", "persistentvolumeclaims",
     "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\",\"metadata\":{\"name\":\"sonobuoy-check\"},\"spec\":{"
     "\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"1Mi\"}}}}"},
};

/* --- what was changed --------------------------------------------------------------------------------------------- */

static void add_members(GString *changes, yyjson_val *made, yyjson_val *asked, const char *what) {
    yyjson_val *key, *value;
    json_foreach_member(made, key, value) {
        const char *name = yyjson_get_str(key);
        if (name && !yyjson_obj_get(asked, name))
            g_string_append_printf(changes, "%s%s %s", changes->len ? ", " : "", what, name);
    }
}

/* Containers, and volumes that are not there for them alone. */
static void add_items(GString *changes, yyjson_val *made, yyjson_val *asked, const char *what) {
    size_t index, count, other, others;
    yyjson_val *item, *old;
    yyjson_arr_foreach(made, index, count, item) {
        const char *name = json_get_string(item, "name");
        bool there = false;
        yyjson_arr_foreach(asked, other, others, old) {
            there |= g_strcmp0(json_get_string(old, "name"), name) == 0;
        }
        if (!there)
            g_string_append_printf(changes, "%s%s %s", changes->len ? ", " : "", what, name ? name : "?");
    }
}

/* Labels, annotations and containers that were put in; "" where there are none. Defaults of the API are not among
 * them. */
static char *changes_of(yyjson_val *made, yyjson_val *asked) {
    GString *changes = g_string_new(NULL);
    add_members(changes, json_get(made, "metadata", "labels"), json_get(asked, "metadata", "labels"), "label");
    add_members(changes, json_get(made, "metadata", "annotations"), json_get(asked, "metadata", "annotations"),
                "annotation");
    add_items(changes, json_get(made, "spec", "containers"), json_get(asked, "spec", "containers"), "container");
    add_items(changes, json_get(made, "spec", "initContainers"), json_get(asked, "spec", "initContainers"),
              "init container");
    return g_string_free(changes, FALSE);
}

/* --- what came of it ------------------------------------------------------------------------------------------------
 */

/* Says why it was refused, and what to do about it. */
static void tell_refusal(CheckResult *result, const char *object, const SnapshotAnswer *answer) {
    const char *text = answer->error->message;
    if (answer->status == 401 || (answer->status == 403 && strstr(text, " cannot create resource "))) {
        check_unknown(result, object, "it may not be tried: %s", text);
    } else if (strstr(text, "does not support dry run")) {
        check_unknown(result, object, "a webhook cannot be tried, as it does not say that it has no side effects: %s",
                      text);
    } else if (answer->status == 403 && strstr(text, "exceeded quota")) {
        check_warn(result, object, "the namespace's quota is used up: %s", text);
        check_advise(result, "Delete what is not needed, or raise the quota");
    } else if (answer->status == 403 && strstr(text, "error looking up service account")) {
        check_fail(result, object, "%s", text);
        check_advise(result, "The controller manager makes this service account: look at it, and at SB-CP-02");
    } else if (answer->status == 404) {
        check_unknown(result, object, "%s", text);
    } else if (answer->status >= 400 && answer->status < 500 && answer->status != 429) {
        check_unknown(result, object, "a policy refuses it, which is its work: %s", text);
    } else {
        check_fail(result, object, "%s", text);
        if (strstr(text, "failed calling webhook"))
            check_advise(result, "The message names the webhook: see SB-ADM-01 and SB-ADM-02 for what it lacks. Where "
                                 "nothing can be made: kubectl delete its configuration, and install it anew later");
    }
}

void check_admission_chain(Snapshot *snapshot, CheckResult *result) {
    const char *chosen = snapshot_namespace(snapshot), *space = chosen ? chosen : "default";
    g_autofree char *part = http_escape(space, NULL);
    g_autoptr(GString) changed = g_string_new(NULL);
    gint64 worst = 0;
    if (snapshot_silent(snapshot)) {
        check_unknown(result, NULL, "%s", snapshot_silent(snapshot)->message);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
        g_autofree char *path = g_strdup_printf("/api/v1/namespaces/%s/%s?dryRun=All", part, probes[i].resource),
                        *object = g_strdup_printf("a %s in %s", probes[i].kind, space);
        const SnapshotAnswer *answer = snapshot_post(snapshot, path, probes[i].body);
        worst = MAX(worst, answer->took / 1000);
        if (answer->error) {
            tell_refusal(result, object, answer);
            continue;
        }
        g_autoptr(yyjson_doc) asked = json_parse(probes[i].body, strlen(probes[i].body), "a probe", NULL);
        g_autofree char *changes =
            changes_of(answer->json ? yyjson_doc_get_root(answer->json) : NULL, yyjson_doc_get_root(asked));
        if (*changes)
            g_string_append_printf(changed, "; %s gets %s", probes[i].kind, changes);
        if (answer->took / 1000 > result->config->api_slow_ms)
            check_warn(result, object, "to have it admitted takes %" G_GINT64_FORMAT " ms", answer->took / 1000);
    }
    check_summary(result, "within %" G_GINT64_FORMAT " ms%s", worst, changed->str);
}
