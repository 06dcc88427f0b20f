/* What is done with each object on its way into a backup: built-in item actions.
 *
 * An action may change the object and may name others that must travel with it.
 * The table is in act.c; plugins join it later. */
#pragma once

#include "kube/discovery.h"

typedef struct {
    const char *group_resource; /* "persistentvolumes" */
    char *namespace_;           /* NULL for cluster-scoped */
    char *name;
} ArkRelated;

void ark_related_free(ArkRelated *related);

typedef struct {
    const char *backup_name;
    /* Lists a kind once and keeps it: ClusterRoleBindings, pods of a namespace. The
     * array is of JSON objects, owned by the context; NULL with error. */
    yyjson_val *(*list)(const char *group_resource, const char *namespace_, void *data, GError **error);
    void *data;
    bool by_selector; /* labels choose objects: related ones may not be chosen themselves */
} ArkActContext;

/* Whether any action applies to the kind. */
bool ark_act_applies(const char *group_resource);

/* Runs the kind's actions on the object (with apiVersion and kind). `doc` may be
 * changed; related objects are appended to `related` (ArkRelated). */
bool ark_act(const ArkActContext *context, const char *group_resource, yyjson_mut_doc *doc, GPtrArray *related,
             GError **error) G_GNUC_WARN_UNUSED_RESULT;
