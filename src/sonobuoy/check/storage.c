/* Storage classes, and the drivers behind them. */
#include "sonobuoy/check/areas.h"

#include <string.h>

static bool is_default(yyjson_val *class) {
    yyjson_val *annotations = json_get(class, "metadata", "annotations");
    return g_strcmp0(json_get_string(annotations, "storageclass.kubernetes.io/is-default-class"), "true") == 0 ||
           g_strcmp0(json_get_string(annotations, "storageclass.beta.kubernetes.io/is-default-class"), "true") == 0;
}

void check_storage_default_class(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *classes = snapshot_list(snapshot, SNAPSHOT_STORAGE_CLASSES)->items;
    g_autoptr(GString) names = g_string_new(NULL);
    guint count = 0;
    for (guint i = 0; i < classes->len; i++)
        if (is_default(classes->pdata[i]))
            g_string_append_printf(names, "%s%s", count++ ? ", " : "", name_of(classes->pdata[i]));
    check_summary(result, "%s", names->str);
    if (count > 1) {
        check_warn(result, NULL, "%u classes are the default one: %s; of these the newest is taken", count, names->str);
        check_advise(result, "Keep one: kubectl annotate storageclass NAME "
                             "storageclass.kubernetes.io/is-default-class-");
    }
    if (count == 0)
        check_warn(result, NULL, "no class is the default one, of %u", classes->len);
    if (count == 0 && classes->len == 0)
        check_advise(result, "Install a CSI driver and a StorageClass, if anything here is to keep data.");
}

/* --- drivers ------------------------------------------------------------------------------------------ */

/* The driver that now does what a provisioner of Kubernetes' own did.
 * Source: kubernetes.io/docs/concepts/storage/volumes, CSI migration. */
static const char *driver_of(const char *provisioner) {
    static const struct {
        const char *old, *driver;
    } moved[] = {{"kubernetes.io/aws-ebs", "ebs.csi.aws.com"},
                 {"kubernetes.io/azure-disk", "disk.csi.azure.com"},
                 {"kubernetes.io/azure-file", "file.csi.azure.com"},
                 {"kubernetes.io/cinder", "cinder.csi.openstack.org"},
                 {"kubernetes.io/gce-pd", "pd.csi.storage.gke.io"},
                 {"kubernetes.io/portworx-volume", "pxd.portworx.com"},
                 {"kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"}};
    for (size_t i = 0; i < G_N_ELEMENTS(moved); i++)
        if (g_str_equal(moved[i].old, provisioner))
            return moved[i].driver;
    return provisioner;
}

static yyjson_val *driver_on(yyjson_val *csi_node, const char *driver) {
    size_t index, count;
    yyjson_val *one;
    yyjson_arr_foreach(json_get(csi_node, "spec", "drivers"), index, count, one) {
        if (g_strcmp0(json_get_string(one, "name"), driver) == 0)
            return one;
    }
    return NULL;
}

static guint nodes_with(const Snapshot *snapshot, const char *driver) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_CSI_NODES)->items;
    guint with = 0;
    for (guint i = 0; i < nodes->len; i++)
        with += driver_on(nodes->pdata[i], driver) != NULL;
    return with;
}

/* Whether the provisioner ever made a volume that is still there: it need be no CSI driver. */
static bool has_provisioned(const Snapshot *snapshot, const char *provisioner) {
    const GPtrArray *volumes = snapshot_list(snapshot, SNAPSHOT_PVS)->items;
    for (guint i = 0; i < volumes->len; i++)
        if (g_strcmp0(json_get_string(volumes->pdata[i], "metadata", "annotations", "pv.kubernetes.io/provisioned-by"),
                      provisioner) == 0)
            return true;
    return false;
}

/* Claims that wait for the class. */
static guint claims_waiting(const Snapshot *snapshot, const char *class) {
    const GPtrArray *claims = snapshot_list(snapshot, SNAPSHOT_PVCS)->items;
    guint waiting = 0;
    for (guint i = 0; i < claims->len; i++)
        waiting += g_strcmp0(json_get_string(claims->pdata[i], "spec", "storageClassName"), class) == 0 &&
                   g_strcmp0(json_get_string(claims->pdata[i], "status", "phase"), "Pending") == 0;
    return waiting;
}

void check_storage_driver(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *classes = snapshot_list(snapshot, SNAPSHOT_STORAGE_CLASSES)->items;
    for (guint i = 0; i < classes->len; i++) {
        const char *provisioner = json_get_string(classes->pdata[i], "provisioner");
        if (!provisioner || g_str_equal(provisioner, "kubernetes.io/no-provisioner"))
            continue;
        const char *driver = driver_of(provisioner);
        guint with = nodes_with(snapshot, driver);
        bool known = snapshot_find(snapshot, SNAPSHOT_CSI_DRIVERS, NULL, driver) != NULL;
        if (with || (!known && has_provisioned(snapshot, provisioner)))
            continue;
        g_autofree char *object = check_object("StorageClass", classes->pdata[i]);
        guint waiting = claims_waiting(snapshot, name_of(classes->pdata[i]));
        const char *what = known ? "its CSIDriver is there, but no node runs it"
                                 : "there is no CSIDriver of that name, no node runs one, and no volume was made by it";
        if (waiting)
            check_fail(result, object, "its provisioner %s is missing: %s; claims that wait for it: %u", driver, what,
                       waiting);
        else
            check_warn(result, object, "its provisioner %s is missing: %s", driver, what);
        if (known)
            check_advise(result,
                         "See why the driver's DaemonSet has no ready pod: kubectl get daemonset -A | grep csi");
        else
            check_advise(result, "Install the driver %s, or remove the class: kubectl delete storageclass %s", driver,
                         name_of(classes->pdata[i]));
    }
    check_summary(result, "%u classes", classes->len);
}

/* A node that a driver's DaemonSet need not be on. */
static bool is_left_out(yyjson_val *node) {
    size_t index, count;
    yyjson_val *taint;
    yyjson_arr_foreach(json_get(node, "spec", "taints"), index, count, taint) {
        const char *key = json_get_string(taint, "key");
        if (key && g_str_has_prefix(key, "node-role.kubernetes.io/"))
            return true;
    }
    return g_strcmp0(condition_status(node, "Ready"), "True") != 0;
}

void check_storage_driver_nodes(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *drivers = snapshot_list(snapshot, SNAPSHOT_CSI_DRIVERS)->items,
                    *nodes = snapshot_list(snapshot, SNAPSHOT_NODES)->items;
    for (guint i = 0; i < drivers->len; i++) {
        const char *driver = name_of(drivers->pdata[i]);
        guint with = nodes_with(snapshot, driver);
        for (guint j = 0; with && j < nodes->len; j++) {
            yyjson_val *node = nodes->pdata[j];
            yyjson_val *csi = snapshot_find(snapshot, SNAPSHOT_CSI_NODES, NULL, name_of(node));
            if (is_left_out(node) || driver_on(csi, driver))
                continue;
            g_autofree char *object = check_object("Node", node);
            check_warn(result, object, "CSI driver %s does not run there, as it does on %u of %u nodes", driver, with,
                       nodes->len);
            check_advise(result,
                         "kubectl get pods -A -o wide --field-selector spec.nodeName=%s | grep csi: is its pod there "
                         "and ready? If it is not meant to be, add an exception.",
                         name_of(node));
        }
    }
    check_summary(result, "%u drivers, %u nodes", drivers->len, nodes->len);
}

static guint attached_to(const Snapshot *snapshot, const char *node, const char *driver) {
    const GPtrArray *attachments = snapshot_list(snapshot, SNAPSHOT_VOLUME_ATTACHMENTS)->items;
    guint attached = 0;
    for (guint i = 0; i < attachments->len; i++)
        attached += g_strcmp0(json_get_string(attachments->pdata[i], "spec", "nodeName"), node) == 0 &&
                    g_strcmp0(json_get_string(attachments->pdata[i], "spec", "attacher"), driver) == 0;
    return attached;
}

void check_storage_attach_limit(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *nodes = snapshot_list(snapshot, SNAPSHOT_CSI_NODES)->items;
    guint limits = 0;
    for (guint i = 0; i < nodes->len; i++) {
        size_t index, count;
        yyjson_val *driver;
        yyjson_arr_foreach(json_get(nodes->pdata[i], "spec", "drivers"), index, count, driver) {
            gint64 most = json_int(json_get(driver, "allocatable", "count"), -1);
            const char *name = json_get_string(driver, "name");
            if (most <= 0)
                continue;
            limits++;
            guint attached = attached_to(snapshot, name_of(nodes->pdata[i]), name);
            g_autofree char *object = check_object("Node", nodes->pdata[i]);
            if (attached >= most)
                check_fail(result, object, "%u of %" G_GINT64_FORMAT " volumes of %s are attached: no more fits",
                           attached, most, name);
            else if (attached * 100 >= most * result->config->quota_percent)
                check_warn(result, object, "%u of %" G_GINT64_FORMAT " volumes of %s are attached", attached, most,
                           name);
        }
    }
    check_summary(result, "%u limits", limits);
}
