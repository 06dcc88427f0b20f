/* Before and after an upgrade: releases, their distance, APIs that go away. */
#include "sonobuoy/check/areas.h"

#include "base/text.h"

#include <string.h>

/* --- releases ---------------------------------------------------------------------------------------------------- */

/* The last day of support. Source: kubernetes.io/releases, as of RELEASES_OF. */
#define RELEASES_OF "2026-09"
static const struct {
    int minor;
    const char *end;
} releases[] = {
    {19, "2021-10-28"}, {20, "2022-02-28"}, {21, "2022-06-28"}, {22, "2022-12-08"}, {23, "2023-02-28"},
    {24, "2023-07-28"}, {25, "2023-10-28"}, {26, "2024-02-28"}, {27, "2024-07-16"}, {28, "2024-10-22"},
    {29, "2025-02-28"}, {30, "2025-07-15"}, {31, "2025-11-11"}, {32, "2026-02-28"}, {33, "2026-06-28"},
    {34, "2026-10-27"}, {35, "2027-02-28"}, {36, "2027-06-28"}, {37, "2027-10-28"},
};

void check_release_supported(Snapshot *snapshot, CheckResult *result) {
    enum { DAYS_SOON = 60, DAYS_TOO_OLD = 365 };
    const gint64 day = (gint64)24 * 3600 * G_USEC_PER_SEC;
    const char *version = snapshot_version(snapshot)->git_version;
    int minor = minor_of(version);
    size_t i = 0;
    while (i < G_N_ELEMENTS(releases) && releases[i].minor != minor)
        i++;
    if (minor < 0) {
        check_unknown(result, NULL, "\"%s\" is no version that is known", version ? version : "");
        return;
    }
    if (minor < releases[0].minor) {
        check_fail(result, NULL, "%s has had no support since before %s", version, releases[0].end);
        return;
    }
    if (i == G_N_ELEMENTS(releases)) {
        check_summary(result, "%s is newer than this program's table, of " RELEASES_OF, version);
        return;
    }
    gint64 end = 0;
    g_autofree char *time = g_strconcat(releases[i].end, "T23:59:59Z", NULL);
    if (!time_parse(time, &end, NULL))
        g_assert_not_reached();
    gint64 left = end - snapshot_now(snapshot);
    check_summary(result, "%s, supported until %s", version, releases[i].end);
    if (left < -DAYS_TOO_OLD * day)
        check_fail(result, NULL, "%s has had no support since %s, for more than a year", version, releases[i].end);
    else if (left < 0)
        check_warn(result, NULL, "%s has had no support since %s", version, releases[i].end);
    else if (left < DAYS_SOON * day)
        check_warn(result, NULL, "%s has support until %s, for %" G_GINT64_FORMAT " days", version, releases[i].end,
                   left / day);
}

/* --- distance --------------------------------------------------------------------------------------------------- */

/* How many releases older than the API server it may be: kubernetes.io/releases/version-skew-policy. */
static int kubelet_skew_max(int kubelet) {
    return kubelet < 25 ? 2 : 3;
}

void check_kubelet_skew(Snapshot *snapshot, CheckResult *result) {
    const char *version = snapshot_version(snapshot)->git_version;
    int server = minor_of(version);
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    if (server < 0) {
        check_unknown(result, NULL, "the API server's version \"%s\" is not known", version ? version : "");
        return;
    }
    for (guint i = 0; i < nodes->len; i++) {
        const char *own = json_get_string(nodes->pdata[i], "status", "nodeInfo", "kubeletVersion");
        int minor = minor_of(own);
        g_autofree char *object = check_object("Node", nodes->pdata[i]);
        if (minor < 0)
            continue;
        if (minor > server) {
            check_fail(result, object, "its kubelet %s is newer than the API server, %s", own, version);
            check_advise(result, "Upgrade the control plane to 1.%d, or put kubelet 1.%d on node %s", minor, server,
                         name_of(nodes->pdata[i]));
        } else if (server - minor > kubelet_skew_max(minor)) {
            check_fail(result, object, "its kubelet %s is %d releases older than the API server, %s; %d are allowed",
                       own, server - minor, version, kubelet_skew_max(minor));
            check_advise(result,
                         "kubectl drain %s --ignore-daemonsets, upgrade its kubelet to 1.%d, kubectl uncordon %s",
                         name_of(nodes->pdata[i]), server, name_of(nodes->pdata[i]));
        } else if (server - minor == kubelet_skew_max(minor)) {
            check_warn(result, object,
                       "its kubelet %s is %d releases older than the API server, %s: with the next "
                       "upgrade it is too old",
                       own, server - minor, version);
        }
    }
    check_summary(result, "%u nodes", nodes->len);
}

/* "v1.34.4" of "registry.k8s.io/kube-proxy:v1.34.4@sha256:..."; NULL. g_free() it. */
static char *tag_of(const char *image) {
    const char *name = image ? strrchr(image, '/') : NULL, *tag = strchr(name ? name : image ? image : "", ':');
    return tag ? g_strndup(tag + 1, strcspn(tag + 1, "@")) : NULL;
}

/* `older`: how many releases it may be older than the API server. */
static void check_component(CheckResult *result, yyjson_val *object, const char *kind, yyjson_val *spec, int server,
                            int older, guint *seen) {
    yyjson_val *container = yyjson_arr_get_first(json_get(spec, "containers"));
    g_autofree char *tag = tag_of(json_get_string(container, "image")), *name = check_object(kind, object);
    int minor = minor_of(tag);
    if (minor < 0)
        return;
    (*seen)++;
    if (minor > server)
        check_fail(result, name, "%s is newer than the API server, 1.%d", tag, server);
    else if (server - minor > older)
        check_fail(result, name, "%s is %d releases older than the API server, 1.%d; %d %s allowed", tag,
                   server - minor, server, older, older == 1 ? "is" : "are");
}

void check_component_skew(Snapshot *snapshot, CheckResult *result) {
    static const struct {
        const char *component;
        int older;
    } pods[] = {{"kube-apiserver", 1}, {"kube-controller-manager", 1}, {"kube-scheduler", 1}};
    const char *version = snapshot_version(snapshot)->git_version;
    int server = minor_of(version);
    guint seen = 0;
    yyjson_val *proxy = snapshot_find(snapshot, SNAPSHOT_DAEMON_SETS, "kube-system", "kube-proxy");
    for (size_t i = 0; server >= 0 && i < G_N_ELEMENTS(pods); i++) {
        g_autoptr(GPtrArray) found = mirror_pods(snapshot, pods[i].component);
        for (guint j = 0; j < found->len; j++)
            check_component(result, found->pdata[j], "Pod", json_get(found->pdata[j], "spec"), server, pods[i].older,
                            &seen);
    }
    if (server >= 0 && proxy)
        check_component(result, proxy, "DaemonSet", json_get(proxy, "spec", "template", "spec"), server, 3, &seen);
    check_summary(result, "%u components", seen);
    if (!seen)
        check_unknown(result, NULL, "no version of kube-proxy or of the control plane's programs is seen");
}

/* --- APIs that go away ------------------------------------------------------------------------------------------ */

void check_deprecated_apis(Snapshot *snapshot, CheckResult *result) {
    int server = minor_of(snapshot_version(snapshot)->git_version);
    const Metrics *metrics = api_metrics(snapshot, result, false);
    const GPtrArray *samples = metrics ? metrics_samples(metrics, "apiserver_requested_deprecated_apis") : NULL;
    for (guint i = 0; samples && i < samples->len; i++) {
        const MetricSample *sample = samples->pdata[i];
        const char *group = metric_label(sample, "group"), *version = metric_label(sample, "version"),
                   *resource = metric_label(sample, "resource"), *removed = metric_label(sample, "removed_release");
        int minor = minor_of(removed);
        if (sample->value != 1 || minor < 0) /* nobody has said when it is removed */
            continue;
        g_autofree char *object = g_strdup_printf("%s.%s%s%s", resource, version, *group ? "." : "", group);
        bool next = server >= 0 && minor <= server + 1;
        if (next)
            check_fail(result, object,
                       "it was asked for since the API server's start, and is not served from %s on, "
                       "the next release",
                       removed);
        else
            check_warn(result, object, "it was asked for since the API server's start, and is not served from %s on",
                       removed);
        check_advise(result,
                     "The audit log names who asks (annotation k8s.io/deprecated); move manifests and programs "
                     "to the newer version: kubectl api-resources --api-group=%s",
                     group);
    }
    check_summary(result, "none that is to be removed was asked for");
}

/* Whether the server has that version of that kind, or may have: an API that does not answer says nothing. */
static bool is_served(const KubeDiscovery *discovery, const char *api_version, const char *kind) {
    const GPtrArray *failures = kube_discovery_failures(discovery);
    for (guint i = 0; i < failures->len; i++)
        if (g_str_has_prefix(failures->pdata[i], api_version))
            return true;
    return kube_discovery_kind(discovery, api_version, kind) != NULL;
}

/* Versions in which the object was written: of its managers, and of kubectl apply. */
static void check_written(const Snapshot *snapshot, CheckResult *result, SnapshotKind kind, yyjson_val *object) {
    const KubeDiscovery *discovery = snapshot_discovery(snapshot);
    const char *last =
        json_get_string(object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration");
    g_autoptr(yyjson_doc) doc = last ? json_parse(last, strlen(last), "last-applied-configuration", NULL) : NULL;
    yyjson_val *root = doc ? yyjson_doc_get_root(doc) : NULL, *entry;
    const char *applied = json_get_string(root, "apiVersion"), *type = json_get_string(root, "kind");
    g_autofree char *name = check_object(snapshot_kind_name(kind), object);
    size_t index, count;
    if (applied && type && !is_served(discovery, applied, type)) {
        check_warn(result, name,
                   "kubectl apply wrote it as %s, which is not served: its manifest cannot be applied "
                   "again",
                   applied);
        check_advise(result, "kubectl convert -f its manifest (plugin kubectl-convert), and apply the result");
        return;
    }
    const KubeResource *resource = kube_discovery_find(discovery, snapshot_kind_name(kind));
    yyjson_arr_foreach(json_get(object, "metadata", "managedFields"), index, count, entry) {
        const char *version = json_get_string(entry, "apiVersion"), *manager = json_get_string(entry, "manager");
        if (!version || !resource || is_served(discovery, version, resource->kind))
            continue;
        check_warn(result, name, "%s wrote it as %s, which is not served any more", manager ? manager : "?", version);
        check_advise(result, "Update %s, if it is still in use: it may not find its kind any more",
                     manager ? manager : "the program");
        return;
    }
}

void check_old_versions(Snapshot *snapshot, CheckResult *result) {
    check_each_object(snapshot, result, check_written);
}
