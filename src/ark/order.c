#include "ark/order.h"

#include <string.h>

static const char *const usual_priorities[] = {"customresourcedefinitions",
                                               "namespaces",
                                               "storageclasses",
                                               "volumesnapshotclass.snapshot.storage.k8s.io",
                                               "volumesnapshotclasses.snapshot.storage.k8s.io",
                                               "volumesnapshotcontents.snapshot.storage.k8s.io",
                                               "volumesnapshots.snapshot.storage.k8s.io",
                                               "datauploads.velero.io",
                                               "persistentvolumes",
                                               "persistentvolumeclaims",
                                               "clusterroles",
                                               "roles",
                                               "serviceaccounts",
                                               "clusterrolebindings",
                                               "rolebindings",
                                               "secrets",
                                               "configmaps",
                                               "limitranges",
                                               "priorityclasses",
                                               "pods",
                                               "replicasets.apps",
                                               "clusterclasses.cluster.x-k8s.io",
                                               "endpoints",
                                               "services",
                                               "-",
                                               "clusterbootstraps.run.tanzu.vmware.com",
                                               "clusters.cluster.x-k8s.io",
                                               "clusterresourcesets.addons.cluster.x-k8s.io",
                                               "apps.kappctrl.k14s.io",
                                               "packageinstalls.packaging.carvel.dev",
                                               NULL};

bool ark_order_is_never_restored(const char *group_resource) {
    static const char *const never[] = {"nodes",
                                        "events",
                                        "events.events.k8s.io",
                                        "backups.velero.io",
                                        "restores.velero.io",
                                        "resticrepositories.velero.io",
                                        "csinodes.storage.k8s.io",
                                        "volumeattachments.storage.k8s.io",
                                        "backuprepositories.velero.io",
                                        NULL};
    return g_strv_contains(never, group_resource);
}

/* A priority names a kind with its group or, for Kubernetes' own groups, without. */
static bool names(const char *priority, const char *group_resource) {
    if (g_str_equal(priority, group_resource))
        return true;
    const char *dot = strchr(group_resource, '.');
    size_t length = strlen(priority);
    static const char *const own[] = {".apiextensions.k8s.io", ".storage.k8s.io", ".rbac.authorization.k8s.io",
                                      ".scheduling.k8s.io",    ".apps",           NULL};
    return dot && (size_t)(dot - group_resource) == length && strncmp(priority, group_resource, length) == 0 &&
           g_strv_contains(own, dot);
}

static int rank(const char *group_resource, const char *const *priorities) {
    int position = 0;
    bool low = false;
    enum { OTHERS = 1000 };
    for (; *priorities; priorities++, position++) {
        if (g_str_equal(*priorities, "-"))
            low = true;
        else if (names(*priorities, group_resource))
            return low ? OTHERS + 1 + position : position;
    }
    return OTHERS;
}

static int compare(const void *a, const void *b, void *data) {
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = rank(x, data) - rank(y, data);
    return order ? order : strcmp(x, y);
}

void ark_order_sort(GPtrArray *group_resources, const char *const *priorities) {
    g_ptr_array_sort_with_data(group_resources, compare, (void *)(priorities ? priorities : usual_priorities));
}
