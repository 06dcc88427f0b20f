/* From the object in the backup to the object that is created: resets, built-in
 * restore item actions, namespace mapping, labels. Resource modifiers are beside. */
#pragma once

#include "ark/index.h"
#include "ark/spec.h"
#include "kube/discovery.h"

typedef struct {
    const ArkRestoreSpec *spec;
    const char *restore_name;
    GHashTable *dynamic_volumes; /* set: names of PVs that are not restored but made anew */
    GHashTable *storage_classes; /* old -> new, or NULL */
    GHashTable *image_names;     /* any key -> "old part,new part", or NULL */
    /* Whether the cluster has a storage class: the new one of a mapping must exist. */
    bool (*has_storage_class)(const char *name, void *data, GError **error);
    void *data;
    bool without_hooks; /* add no init containers that pods' annotations ask for */
} ArkTransform;

/* The names of PVs that are made anew: their data is not in the backup and their policy is Delete. A set;
 * g_hash_table_unref() it. */
GHashTable *ark_transform_dynamic_volumes(const ArkIndex *index);

/* The namespace an object goes to. */
const char *ark_transform_namespace(const ArkTransform *transform, const char *namespace_);

/* Whether the object is left out before anything else: finished pods and jobs,
 * mirror pods, PVs made anew, token secrets, automatic API services. `reason` in words. */
bool ark_transform_skips(const ArkTransform *transform, const char *group_resource, yyjson_val *object,
                         const char **out_reason);

/* Changes the object in place, all but its own namespace: resource modifiers see the
 * one in the backup. False with an error that names what failed. */
bool ark_transform(const ArkTransform *transform, const char *group_resource, yyjson_mut_doc *doc, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Steps of it that are also done to an object read from the cluster, to compare. */
void ark_transform_reset_metadata(yyjson_mut_val *object);
void ark_transform_add_labels(const ArkTransform *transform, yyjson_mut_doc *doc);
