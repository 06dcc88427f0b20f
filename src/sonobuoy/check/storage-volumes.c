/* Claims, volumes, attachments, and how full they are. */
#include "sonobuoy/check/areas.h"
#include "sonobuoy/check/workload.h"

#include <string.h>

static bool is_phase(yyjson_val *object, const char *phase) {
    return g_strcmp0(json_get_string(object, "status", "phase"), phase) == 0;
}

/* --- claims --------------------------------------------------------------------------------------------- */

/* Whether a pod that is there uses the claim. */
static bool is_used(const Snapshot *snapshot, yyjson_val *claim) {
    const GPtrArray *pods = snapshot_list(snapshot, SNAPSHOT_PODS)->items;
    for (guint i = 0; i < pods->len; i++) {
        size_t index, count;
        yyjson_val *volume;
        if (g_strcmp0(namespace_of(pods->pdata[i]), namespace_of(claim)) != 0 || workload_is_over(pods->pdata[i]))
            continue;
        yyjson_arr_foreach(json_get(pods->pdata[i], "spec", "volumes"), index, count, volume) {
            if (g_strcmp0(json_get_string(volume, "persistentVolumeClaim", "claimName"), name_of(claim)) == 0)
                return true;
        }
    }
    return false;
}

static void tell_of_pending(Snapshot *snapshot, CheckResult *result, yyjson_val *claim, gint64 minutes) {
    static const char *const failures[] = {"ProvisioningFailed", "VolumeMismatch", NULL};
    const char *class = json_get_string(claim, "spec", "storageClassName");
    const char *volume = json_get_string(claim, "spec", "volumeName");
    yyjson_val *found = class ? snapshot_find(snapshot, SNAPSHOT_STORAGE_CLASSES, NULL, class) : NULL;
    yyjson_val *event = workload_event_of(snapshot, "PersistentVolumeClaim", claim, failures);
    const char *binding = json_get_string(found, "volumeBindingMode");
    if (g_strcmp0(binding, "WaitForFirstConsumer") == 0 && !event && !is_used(snapshot, claim))
        return;
    g_autofree char *object = check_object("PersistentVolumeClaim", claim);
    g_autofree char *pending = g_strdup_printf("Pending for %" G_GINT64_FORMAT " min", minutes);
    if (event) {
        check_fail(result, object, "%s: %s", pending, json_get_string(event, "message"));
        check_advise(result, "What the provisioner of class %s says is the cause; its log has more.",
                     class ? class : "(none)");
    } else if (!class) {
        check_fail(result, object, "%s: it names no class, and there is no default one", pending);
        check_advise(result, "Make a class the default one (SB-STOR-01), then delete the claim and make it again.");
    } else if (*class && !found && !volume) {
        check_fail(result, object, "%s: there is no StorageClass %s", pending, class);
        check_advise(result, "Make the class %s, or make the claim again with one that kubectl get storageclass lists.",
                     class);
    } else if (!found || g_strcmp0(json_get_string(found, "provisioner"), "kubernetes.io/no-provisioner") == 0) {
        check_fail(result, object, "%s: no volume that is there fits it, and its class makes none", pending);
        check_advise(result, "Make a PersistentVolume of its class, size and access modes, or free one (SB-STOR-07).");
    } else {
        check_fail(result, object, "%s: provisioner %s of its class has not answered", pending,
                   json_get_string(found, "provisioner"));
        check_advise(result, "See whether the driver is there (SB-STOR-02) and what its provisioner's log says.");
    }
}

void check_storage_claims(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *claims = snapshot_list(snapshot, SNAPSHOT_PVCS)->items;
    for (guint i = 0; i < claims->len; i++) {
        yyjson_val *claim = claims->pdata[i];
        gint64 minutes = minutes_since(snapshot, json_get_string(claim, "metadata", "creationTimestamp"));
        if (is_phase(claim, "Lost")) {
            g_autofree char *object = check_object("PersistentVolumeClaim", claim);
            const char *volume = json_get_string(claim, "spec", "volumeName");
            check_fail(result, object, "it is Lost: its volume %s is not there any more", volume ? volume : "?");
            check_advise(result,
                         "Bring the PersistentVolume back from a backup; or the data is gone: delete the claim.");
        } else if (is_phase(claim, "Pending") && minutes >= result->config->stuck_minutes) {
            tell_of_pending(snapshot, result, claim, minutes);
        }
    }
    check_summary(result, "%u claims", claims->len);
}

/* --- mounts ----------------------------------------------------------------------------------------------- */

void check_storage_mounts(Snapshot *snapshot, CheckResult *result) {
    static const char *const reasons[] = {"FailedMount", "FailedAttachVolume", "FailedMapVolume", NULL};
    const GPtrArray *events = snapshot_list(snapshot, SNAPSHOT_EVENTS)->items;
    for (guint i = 0; i < events->len; i++) {
        yyjson_val *about = json_get(events->pdata[i], "involvedObject");
        const char *reason = json_get_string(events->pdata[i], "reason"), *name = json_get_string(about, "name"),
                   *namespace_ = json_get_string(about, "namespace");
        gint64 minutes = event_minutes(snapshot, events->pdata[i]);
        if (!reason || !g_strv_contains(reasons, reason) || minutes < 0 || minutes > 60 || !name)
            continue;
        yyjson_val *pod = snapshot_find(snapshot, SNAPSHOT_PODS, namespace_, name);
        if (!pod || is_phase(pod, "Running") || workload_is_over(pod))
            continue;
        g_autofree char *object = check_object("Pod", pod);
        check_fail(result, object, "%s, %" G_GINT64_FORMAT " times, last %" G_GINT64_FORMAT " min ago: %s", reason,
                   workload_event_count(events->pdata[i]), minutes, json_get_string(events->pdata[i], "message"));
        if (g_str_equal(reason, "FailedAttachVolume"))
            check_advise(result,
                         "Is the volume still attached elsewhere? kubectl get volumeattachment; see SB-STOR-08.");
    }
}

/* --- volumes ---------------------------------------------------------------------------------------------- */

void check_storage_volumes(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *volumes = snapshot_list(snapshot, SNAPSHOT_PVS)->items;
    for (guint i = 0; i < volumes->len; i++) {
        yyjson_val *volume = volumes->pdata[i];
        const char *space = json_get_string(volume, "spec", "claimRef", "namespace"),
                   *name = json_get_string(volume, "spec", "claimRef", "name"),
                   *message = json_get_string(volume, "status", "message"),
                   *policy = json_get_string(volume, "spec", "persistentVolumeReclaimPolicy");
        g_autofree char *object = check_object("PersistentVolume", volume);
        if (is_phase(volume, "Failed")) {
            check_fail(result, object, "it is Failed: %s", message ? message : "no reason is given");
            check_advise(result,
                         "It could not be reclaimed. Remove what it stands for by hand, then: "
                         "kubectl delete pv %s",
                         name_of(volume));
        } else if (is_phase(volume, "Released")) {
            check_warn(result, object, "it is Released: its claim %s/%s is gone, its data stays (policy %s)",
                       space ? space : "?", name ? name : "?", policy ? policy : "?");
            check_advise(result,
                         "Data not wanted: kubectl delete pv %s, and the disk itself. To use it again: kubectl patch "
                         "pv %s --type json -p '[{\"op\":\"remove\",\"path\":\"/spec/claimRef\"}]'",
                         name_of(volume), name_of(volume));
        }
    }
    check_summary(result, "%u volumes", volumes->len);
}

void check_storage_attachments(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *attachments = snapshot_list(snapshot, SNAPSHOT_VOLUME_ATTACHMENTS)->items;
    for (guint i = 0; i < attachments->len; i++) {
        yyjson_val *one = attachments->pdata[i];
        const char *node = json_get_string(one, "spec", "nodeName"),
                   *volume = json_get_string(one, "spec", "source", "persistentVolumeName"),
                   *attach = json_get_string(one, "status", "attachError", "message"),
                   *detach = json_get_string(one, "status", "detachError", "message");
        g_autofree char *object = check_object("VolumeAttachment", one);
        if (node && !snapshot_find(snapshot, SNAPSHOT_NODES, NULL, node)) {
            check_fail(result, object, "it holds volume %s on node %s, which is not there any more",
                       volume ? volume : "?", node);
            check_advise(result,
                         "When the machine is surely off, so that nothing writes to the volume: kubectl delete "
                         "volumeattachment %s",
                         name_of(one));
        }
        if (attach)
            check_fail(result, object, "volume %s cannot be attached to node %s: %s", volume ? volume : "?", node,
                       attach);
        if (detach)
            check_fail(result, object, "volume %s cannot be detached from node %s: %s", volume ? volume : "?", node,
                       detach);
    }
    check_summary(result, "%u attachments", attachments->len);
}

/* --- how full ----------------------------------------------------------------------------------------------- */

static void look_at_use(CheckResult *result, yyjson_val *volume, const char *node) {
    static const struct {
        const char *used, *all, *what;
    } parts[] = {{"usedBytes", "capacityBytes", "bytes"}, {"inodesUsed", "inodes", "inodes"}};
    const char *space = json_get_string(volume, "pvcRef", "namespace"),
               *name = json_get_string(volume, "pvcRef", "name");
    for (size_t i = 0; name && i < G_N_ELEMENTS(parts); i++) {
        gint64 used = json_int(json_get(volume, parts[i].used), -1), all = json_int(json_get(volume, parts[i].all), 0);
        if (used < 0 || all <= 0)
            continue;
        double percent = 100.0 * (double)used / (double)all;
        g_autofree char *object = g_strdup_printf("PersistentVolumeClaim %s/%s", space ? space : "", name);
        if (percent >= 95)
            check_fail(result, object, "%.0f %% of its %s are used (node %s)", percent, parts[i].what, node);
        else if (percent >= (double)result->config->disk_percent)
            check_warn(result, object, "%.0f %% of its %s are used (node %s)", percent, parts[i].what, node);
    }
}

void check_storage_full(Snapshot *snapshot, CheckResult *result) {
    const char *const *nodes = snapshot_asked_nodes(snapshot);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    guint asked = 0, answered = 0;
    for (; nodes[asked]; asked++) {
        g_autofree char *path = g_strdup_printf("/api/v1/nodes/%s/proxy/stats/summary", nodes[asked]);
        g_strv_builder_add(builder, path);
    }
    g_auto(GStrv) paths = g_strv_builder_end(builder);
    g_autoptr(GPtrArray) answers = snapshot_get_all(snapshot, (const char *const *)paths);
    for (guint i = 0; i < answers->len; i++) {
        const SnapshotAnswer *answer = answers->pdata[i];
        size_t index, count, inner, volumes;
        yyjson_val *pod, *volume;
        if (answer->error)
            continue;
        answered++;
        yyjson_arr_foreach(json_get(yyjson_doc_get_root(answer->json), "pods"), index, count, pod) {
            yyjson_arr_foreach(json_get(pod, "volume"), inner, volumes, volume) {
                look_at_use(result, volume, nodes[i]);
            }
        }
    }
    check_summary(result, "on %u nodes", answered);
    if (asked > 0 && answered == 0) {
        const SnapshotAnswer *first = answers->pdata[0];
        check_unknown(result, NULL, "no kubelet's statistics could be read: %s", first->error->message);
    }
}
