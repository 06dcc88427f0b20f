/* What a restore would do, object by object; and restores that do just that.
 *
 * A plan is made by a restore whose writes are dry runs: the server checks each object, admission and
 * quotas included, and stores nothing. As a document it is
 *   {"apiVersion": "ark.seaworthy.dev/v1", "kind": "RestorePlan", "restore": a Restore object,
 *    "resourceModifiers": the document that was given, "items": [
 *     {"action": "create", "resource": "deployments.apps", "namespace": "shop", "name": "web", "checked": true,
 *      "resourceVersion": "42", "reason": "...", "changes": [...]}]} */
#pragma once

#include "base/json.h"

/* The apiVersion of documents that are written, and the only one that is read. */
#define ARK_PLAN_VERSION "ark.seaworthy.dev/v1"

typedef enum { ARK_ITEM_CREATED, ARK_ITEM_UPDATED, ARK_ITEM_SKIPPED, ARK_ITEM_FAILED } ArkItemOutcome;

typedef struct {
    ArkItemOutcome outcome; /* as the restore would count it */
    const char *group_resource;
    const char *namespace_; /* NULL: cluster-scoped */
    const char *name;
    const char *reason;           /* why it is refused or left as it is; may be NULL */
    bool unchecked;               /* the server could not be asked: what it needs comes with the restore */
    bool differs;                 /* from the object in the cluster */
    const char *resource_version; /* of the object in the cluster; NULL: there is none */
    yyjson_mut_val *before;       /* the object in the cluster, where it differs; as compared */
    yyjson_mut_val *after;        /* as it shall be; may be NULL */
} ArkPlanItem;

/* Called for each object, one at a time but from any thread; what it points to is gone when it returns. */
typedef void (*ArkPlanFunc)(const ArkPlanItem *item, void *data);

/* "create", "update", "keep" (it is there; with `before` it differs) or "refuse". */
const char *ark_plan_action(const ArkPlanItem *item);

/* The item as the document has it, without changes. */
yyjson_mut_val *ark_plan_item_json(yyjson_mut_doc *doc, const ArkPlanItem *item);

/* A plan to go by. */
typedef struct ArkPlan ArkPlan;

typedef struct {
    ArkItemOutcome outcome;
    bool unchecked;         /* where it goes was not there: the cluster may make it first */
    char *resource_version; /* NULL: it was not there */
} ArkPlanned;

/* INVALID where the document is no plan. */
ArkPlan *ark_plan_read(yyjson_val *document, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL: the plan does not have it. */
const ArkPlanned *ark_plan_find(const ArkPlan *plan, const char *group_resource, const char *namespace_,
                                const char *name);
void ark_plan_free(ArkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkPlan, ark_plan_free)
