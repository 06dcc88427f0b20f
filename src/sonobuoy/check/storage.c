/* Classes, claims and volumes. */
#include "sonobuoy/check/areas.h"

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
}
